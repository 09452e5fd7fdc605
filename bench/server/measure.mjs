/** What is measured, each with all servers taking turns. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { root } from "../../scripts/command.mjs";
import { rotated, rounded, sumUp } from "../figures.mjs";

const CONNECTIONS = 32;

/** From the start of the process to its line. */
export async function measureStartup(servers, times) {
  const samples = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < times; round += 1) {
    for (const name of rotated(Object.keys(servers), round)) {
      const server = await servers[name].launch();
      samples[name].push(server.readyAfter);
      await server.stop();
    }
  }
  return { unit: "ms", candidates: sumUp(samples, references(servers)) };
}

/** What the process holds a second after it has answered one request. */
export async function measureMemory(servers) {
  const candidates = {};
  for (const [name, { launch, questions }] of Object.entries(servers)) {
    const server = await launch();
    await ask(server.origin, questions[0]);
    await pause(1000);
    candidates[name] = { resident: rounded(await resident(server.child.pid) / 1024, 1) };
    await server.stop();
  }
  return { unit: "MiB resident", candidates: withRatios(servers, candidates, ["resident"]) };
}

/** Requests one after the other on some connections, from a process of its own. */
export async function measureStatus(servers, { rounds, seconds }) {
  const running = {};
  for (const [name, { launch }] of Object.entries(servers)) running[name] = await launch();
  const latencies = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  const rates = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of rotated(Object.keys(servers), round)) {
      const load = await underLoad(running[name].origin, seconds, servers[name].questions);
      latencies[name].push(...load.latencies);
      rates[name].push(load.requests / load.seconds);
    }
  }
  const figures = sumUp(latencies, references(servers));
  const candidates = {};
  for (const [name, server] of Object.entries(running)) {
    const { median, p99 } = figures[name];
    candidates[name] = {
      "requests/s": Math.round(rates[name].toSorted((one, other) => one - other)[Math.floor(rounds / 2)]),
      "median ms": median,
      "p99 ms": p99,
      "MiB after": rounded(await resident(server.child.pid) / 1024, 1),
    };
    await server.stop();
  }
  return { unit: `${CONNECTIONS} connections`, candidates: withRatios(servers, candidates, ["requests/s", "p99 ms"]) };
}

/** As many streams as asked for, of a person each: how many are held, and what each costs. */
export async function measureStreams(servers, count) {
  const candidates = {};
  for (const [name, { launch }] of Object.entries(servers)) {
    const server = await launch();
    // What is there once for all streams does not count for each.
    const first = await openStreams(server.origin, 10, 0);
    await pause(500);
    const before = await resident(server.child.pid);
    const streams = await openStreams(server.origin, count, first.length);
    await pause(2000);
    const after = await resident(server.child.pid);
    const held = streams.filter((stream) => !stream.destroyed && stream.readable).length;
    candidates[name] = { held, "KiB each": rounded((after - before) / count, 1) };
    for (const stream of [...first, ...streams]) stream.destroy();
    await server.stop();
  }
  return { unit: `${count} asked for`, candidates: withRatios(servers, candidates, ["KiB each"]) };
}

async function openStreams(origin, count, from) {
  const streams = [];
  // Not all at once: the queue of connections to be accepted is short.
  for (let index = 0; index < count; index += 50) {
    const batch = Array.from({ length: Math.min(50, count - index) }, (_, at) => openStream(origin, `listener-${from + index + at}`));
    streams.push(...(await Promise.all(batch)));
  }
  return streams;
}

/** Resolves with the response when its first event is there. */
function openStream(origin, user) {
  const headers = { "x-user": user, origin: "http://localhost:4180", "sec-fetch-site": "same-origin" };
  return new Promise((resolve, reject) => {
    get(`${origin}/oauth/events`, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`an event stream got ${response.statusCode}`));
      response.on("error", () => {});
      response.once("data", () => resolve(response));
    }).once("error", reject);
  });
}

async function underLoad(origin, seconds, questions) {
  const child = spawn(process.execPath, [join(root, "bench/server/load.mjs"), origin, `${seconds}`, `${CONNECTIONS}`], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(questions));
  const parts = [];
  for await (const part of child.stdout) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

async function ask(origin, { user, flow }) {
  const response = await fetch(`${origin}/oauth/status?flow=${flow}`, { headers: { "x-user": user } });
  await response.text();
}

/** KiB. */
async function resident(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}

const references = (servers) => Object.fromEntries(Object.entries(servers).map(([name, { reference }]) => [name, reference]));

function withRatios(servers, candidates, keys) {
  for (const [name, figures] of Object.entries(candidates)) {
    for (const key of keys) figures[`${key}, ratio`] = rounded(figures[key] / candidates[servers[name].reference][key]);
  }
  return candidates;
}
