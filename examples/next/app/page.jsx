import { Integration } from "./integration.jsx";

/** A server component: only the buttons are the browser's. */
export default function Integrations() {
  return (
    <main>
      <h1>Integrations</h1>
      <Integration provider="github" name="GitHub" />
      <Integration provider="google" name="Google Workspace" />
    </main>
  );
}
