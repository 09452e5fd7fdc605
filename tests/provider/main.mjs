#!/usr/bin/env node
import { parseArgs } from "node:util";
import { startControlEndpoint } from "./control-endpoint.mjs";
import { startProvider } from "./provider.mjs";

const usage = "usage: node tests/provider/main.mjs [--port 4181] [--app http://localhost:4180] [--control PORT]";

function portFrom(text, name) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new TypeError(`--${name}: not a port`);
  return port;
}

function optionsFrom(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: "string", default: "4181" },
      app: { type: "string", default: "http://localhost:4180" },
      control: { type: "string" },
    },
  });
  const app = URL.canParse(values.app) ? new URL(values.app).origin : "null";
  if (app !== values.app) throw new TypeError("--app: not an origin, such as http://localhost:4180");
  return {
    app,
    port: portFrom(values.port, "port"),
    controlPort: values.control === undefined ? undefined : portFrom(values.control, "control"),
  };
}

const explain = (error) => (error.code === "EADDRINUSE" ? `port ${error.port} is in use` : error.message);

async function main() {
  const { app, port, controlPort } = optionsFrom(process.argv.slice(2));
  const provider = await startProvider({ app, port });
  const endpoint = controlPort === undefined ? undefined : await startControlEndpoint({ control: provider.control, port: controlPort });
  console.log(`local provider listening on ${provider.issuer}${endpoint ? `, control on ${endpoint.url}` : ""}`);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, async () => {
      await Promise.all([provider.close(), endpoint?.close()]);
      process.exit(0);
    });
  }
}

main().catch((error) => {
  console.error(`${explain(error)}\n${usage}`);
  process.exit(1);
});
