/**
 * The same contract as the server's status endpoint and event stream, as one would write it with Express and better-sqlite3
 * or pg: `node bench/server/express.mjs DATABASE`, a file or a `postgres://` address. It reads the tables that the server has made.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import express from "express";
import { root } from "../../scripts/command.mjs";

const requireDriver = createRequire(join(root, "target/bench-server/package.json"));
const SELECT = `
  SELECT flows.*, connections.tools FROM flows LEFT JOIN connections ON connections.id = flows.connection_id
  WHERE flows.id = $1 AND flows.user_id = $2`;
const database = process.argv[2];
const find = database.startsWith("postgres:") ? await openPostgres(database) : openSqlite(database);

const app = express();
app.disable("x-powered-by");
app.set("etag", false);

app.get("/oauth/status", async (request, response) => {
  const user = request.get("x-user");
  const flow = user && request.query.flow ? await find(request.query.flow, user) : undefined;
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

function openSqlite(file) {
  const Database = requireDriver("better-sqlite3");
  const opened = new Database(file);
  opened.pragma("journal_mode = WAL");
  opened.pragma("synchronous = FULL");
  const select = opened.prepare(SELECT);
  return (flow, user) => select.get({ 1: flow, 2: user });
}

/** With as many connections as the server's pool; the first is there before this listens, as the server's is. */
async function openPostgres(connectionString) {
  const { Pool } = requireDriver("pg");
  const pool = new Pool({ connectionString, max: 10, options: "-c search_path=oauth_sync" });
  (await pool.connect()).release();
  return async (flow, user) => (await pool.query({ name: "status", text: SELECT, values: [flow, user] })).rows[0];
}
