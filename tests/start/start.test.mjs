// The command that a newcomer types first. Its ports are fixed, since the addresses are registered with the provider.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ADDRESSES = [["localhost", 4180], ["127.0.0.1", 4181]];

describe("npm start", () => {
  for (const [host, port] of ADDRESSES) {
    test(`says_that_port_${port}_is_in_use`, async () => {
      // Where somebody else has it already, it is in use as well.
      const holder = await listen(host, port);
      try {
        const { code, stderr, stdout } = await start().ended;
        assert.equal(code, 1);
        assert.match(stderr, /port 418[01] is in use, and .+ needs it: stop what listens there/u);
        assert.equal(stdout, "");
      } finally {
        holder?.close();
      }
    });
  }

  test("prints_one_address_with_four_cards_and_ends_with_all_that_it_started", async (context) => {
    if (!(await areFree())) return context.skip("a demo is running on this machine");
    const { child, ended, says } = start();
    try {
      await says("Ctrl-C");
      const page = await fetch("http://localhost:4180/");
      assert.equal(page.status, 200);
      assert.equal((await page.text()).match(/<li class="card" data-provider=/gu).length, 4);
    } finally {
      child.kill("SIGINT");
    }
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.deepEqual(stdout.match(/\w+:\/\/\S+/gu), ["http://localhost:4180"]);
    assert.ok(await areFree(), "its ports are free again");
  });
});

/** `says` waits for a text; `ended` has all that was printed. */
function start() {
  const child = spawn(process.execPath, ["scripts/start.mjs"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (printed[name] += text));
  const ended = once(child, "close").then(([code]) => ({ code, ...printed }));
  const says = async (text) => {
    while (!printed.stdout.includes(text)) {
      const end = await Promise.race([once(child.stdout, "data"), ended]);
      assert.equal(end.code, undefined, `it ended: ${printed.stderr}`);
    }
  };
  return { child, ended, says };
}

async function areFree() {
  for (const [host, port] of ADDRESSES) {
    const server = await listen(host, port);
    if (server === undefined) return false;
    await new Promise((resolve) => server.close(resolve));
  }
  return true;
}

/** A server there, or undefined where the port is taken. */
function listen(host, port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, host, () => resolve(server));
  });
}
