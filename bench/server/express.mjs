/**
 * The same contract as the server's status endpoint and event stream, as one would write it with Express and
 * better-sqlite3: `node bench/server/express.mjs FILE`. It reads the tables that the server has made.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import express from "express";
import { root } from "../../scripts/command.mjs";

const Database = createRequire(join(root, "target/bench-server/package.json"))("better-sqlite3");
const database = new Database(process.argv[2]);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
const select = database.prepare(`
  SELECT flows.*, connections.tools FROM flows LEFT JOIN connections ON connections.id = flows.connection_id
  WHERE flows.id = ? AND flows.user_id = ?`);

const app = express();
app.disable("x-powered-by");
app.set("etag", false);

app.get("/oauth/status", (request, response) => {
  const user = request.get("x-user");
  const flow = user && request.query.flow ? select.get(request.query.flow, user) : undefined;
  response.set("cache-control", "no-store");
  if (!flow) return response.status(404).json({ status: "unknown", completed: false, success: false });
  const isExpired = flow.status === "pending" && flow.claimable_until <= Date.now();
  const status = isExpired ? "expired" : flow.status === "exchanging" ? "pending" : flow.status;
  const completed = status === "completed";
  const reply = { status, completed, success: completed };
  if (flow.error_code || isExpired) reply.error = { code: isExpired ? "expired" : flow.error_code };
  if (flow.superseded_by) reply.supersededBy = flow.superseded_by;
  if (flow.connection_id) {
    reply.integrationId = flow.connection_id;
    const tools = JSON.parse(flow.tools ?? "[]");
    if (tools.length) reply.integrations = tools.map((tool) => ({ tool, id: `${flow.connection_id}.${tool}` }));
  }
  response.set("etag", `"${flow.version}"`).json(reply);
});

app.get("/oauth/events", (request, response) => {
  if (!request.get("x-user")) return response.status(401).json({ error: { code: "sign_in_required" } });
  response.set({ "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("event: ready\nid: 0\ndata: {}\n\n");
  const keepAlive = setInterval(() => response.write(":\n\n"), 15_000);
  request.on("close", () => clearInterval(keepAlive));
});

const server = app.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
