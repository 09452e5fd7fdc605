"use client";

import { useFlow } from "oauth-sync/react";

export function Integration({ provider, name }) {
  const { flow, start, retry, cancel } = useFlow(provider);
  return (
    <section aria-label={name}>
      <h2>{name}</h2>
      <p role="status">{textOf(flow)}</p>
      {flow?.window === "blocked" && flow.href && <a href={flow.href} target="_blank">Continue to {name}</a>}
      {flow?.status === "pending" ? (
        <>
          <button onClick={() => retry()}>Open again</button>
          <button onClick={() => cancel()}>Cancel</button>
        </>
      ) : (
        <button onClick={() => start()}>Connect</button>
      )}
    </section>
  );
}

function textOf(flow) {
  if (!flow) return "Not connected";
  if (flow.status === "completed") return `Connected as ${flow.integrationId}`;
  if (flow.status !== "pending") return flow.error.message;
  return flow.window === "closed" ? "The window was closed" : "Waiting for authorization…";
}
