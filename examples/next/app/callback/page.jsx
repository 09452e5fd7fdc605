import { Finish } from "./finish.jsx";

export const metadata = { title: "Done" };

export default function Callback() {
  return <Finish />;
}
