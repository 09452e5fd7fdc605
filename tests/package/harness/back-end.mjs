/** A back end whose provider takes its time: a flow is pending until the test settles it. */
import { createServer } from "node:http";

export async function startBackEnd() {
  const replies = new Map();
  let last;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (pathname.startsWith("/oauth/start/")) {
      last = searchParams.get("flow");
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>provider</title>");
    } else if (pathname === "/oauth/status") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(replies.get(searchParams.get("flow")) ?? { status: "pending" }));
    } else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    /** What becomes of the flow that was started last. */
    settle: (reply) => replies.set(last, reply),
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
