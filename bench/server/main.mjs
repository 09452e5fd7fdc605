/**
 * `npm run bench:server [-- --json --quick]`: how the server fares beside a plain Express server that answers the same
 * contract from the same database, on SQLite and on PostgreSQL. All four take turns in one run, so ratios can be compared
 * between machines; absolute figures cannot. Load, servers and databases share the machine.
 *
 * Needs a compiler for the SQLite of Node; what it builds goes to `target/bench-server`. The PostgreSQL is that of the tests.
 */
import { availableParallelism, loadavg } from "node:os";
import { installPackages, installPostgres } from "../../scripts/install.mjs";
import { rounded } from "../figures.mjs";
import { installDrivers, prepare } from "./prepare.mjs";
import { measureMemory, measureStartup, measureStatus, measureStreams } from "./measure.mjs";

const isJson = process.argv.includes("--json");
const isQuick = process.argv.includes("--quick");
const say = (step) => console.error(`${step} …`);

await installPackages(say);
await installPostgres(say);
await installDrivers(say);
const { servers, close } = await prepare(say);
try {
  const environment = {
    date: new Date().toISOString(),
    cores: availableParallelism(),
    load: loadavg()[0],
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  say("start-up");
  const startup = await measureStartup(servers, isQuick ? 5 : 20);
  say("memory at rest");
  const memory = await measureMemory(servers);
  say("status requests");
  const status = await measureStatus(servers, isQuick ? { rounds: 2, seconds: 1 } : { rounds: 10, seconds: 3 });
  say("event streams");
  const streams = await measureStreams(servers, isQuick ? 100 : 1000);
  const result = { environment, reference: "Express on the same database", startup, memory, status, streams };
  if (isJson) console.log(JSON.stringify(result, undefined, 2));
  else print(result);
} finally {
  await close();
}

function print({ environment, reference, startup, memory, status, streams }) {
  const { cores, load, date } = environment;
  console.log(`${cores} cores, load ${rounded(load, 1)}, ${date}`);
  for (const [title, { unit, candidates }] of Object.entries({
    "Start-up, to the line that says so": startup,
    "Memory at rest": memory,
    "Status requests": status,
    "Event streams held open": streams,
  })) {
    console.log(`\n${title} (${unit}; ratios to ${reference})`);
    console.table(candidates);
  }
}
