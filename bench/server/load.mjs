/**
 * Asks a server for a while, in a process of its own: `node bench/server/load.mjs ORIGIN SECONDS CONNECTIONS < questions`.
 * Prints `{ requests, seconds, latencies }`, in milliseconds.
 */
import { Agent, get } from "node:http";
import { rounded } from "../figures.mjs";

const [origin, seconds, connections] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const parts = [];
for await (const part of process.stdin) parts.push(part);
const questions = JSON.parse(Buffer.concat(parts).toString());
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const latencies = [];
let next = 0;

function ask() {
  const { user, flow } = questions[next++ % questions.length];
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(`${origin}/oauth/status?flow=${flow}`, { agent, headers: { "x-user": user } }, (response) => {
      response.resume();
      response.once("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        latencies.push(performance.now() - began);
        resolve();
      });
    }).once("error", reject);
  });
}

async function askUntil(end) {
  while (performance.now() < end) await ask();
}

// Connections are made and code is warm before it counts.
const workers = Array.from({ length: connections });
await Promise.all(workers.map(() => askUntil(performance.now() + 300)));
latencies.length = 0;
const began = performance.now();
await Promise.all(workers.map(() => askUntil(began + seconds * 1000)));
const took = (performance.now() - began) / 1000;
const result = { requests: latencies.length, seconds: took, latencies: latencies.map((each) => rounded(each, 3)) };
// Connections that are kept alive would keep the process.
process.stdout.write(JSON.stringify(result), () => process.exit(0));
