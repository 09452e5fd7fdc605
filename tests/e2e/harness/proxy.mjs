import { createServer, request } from "node:http";

/**
 * An HTTP proxy (RFC 9110, section 3.7) that finds every name on this machine, so that a page can stand under one that is not the loopback's.
 * Each engine's driver takes a proxy, where not each can be told what a name means.
 */
export async function startProxy() {
  const server = createServer((asked, answer) => {
    const { port, pathname, search } = new URL(asked.url);
    const onward = request({ host: "127.0.0.1", port, path: pathname + search, method: asked.method, headers: asked.headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { address: `127.0.0.1:${server.address().port}`, end };
}
