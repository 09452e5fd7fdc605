import { createServer } from "node:http";

/**
 * The control of a server that runs in a process of its own: `GET` reads the settings and counts, `POST` with JSON
 * changes settings, `DELETE` resets. It is bound to loopback, and refuses what a page in a browser could send: one with
 * an Origin, or a body that is not declared as JSON.
 *
 * @param {{ control: import("./control.mjs").Control, port?: number }} options
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startControlEndpoint({ control, port = 0 }) {
  const server = createServer(async (request, response) => {
    const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.headers.origin !== undefined) return answer(403, { error: "not for pages" });
    try {
      if (request.method === "POST") {
        if (request.headers["content-type"] !== "application/json") return answer(415, { error: "JSON expected" });
        let text = "";
        for await (const chunk of request) text += chunk;
        control.set(JSON.parse(text));
      } else if (request.method === "DELETE") {
        control.reset();
      } else if (request.method !== "GET") {
        return answer(405, { error: "GET, POST or DELETE" });
      }
      return answer(200, { settings: control.settings, counts: control.counts });
    } catch (error) {
      return answer(400, { error: error.message });
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
