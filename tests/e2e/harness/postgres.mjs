import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

let cluster;
let count = 0;

/** The address of a new database, on a PostgreSQL that this process starts once and that ends with it. */
export async function newDatabase() {
  cluster ??= startCluster();
  const { address, create } = await cluster;
  const name = `e2e_${(count += 1)}`;
  await create(name);
  return `${address}${name}`;
}

async function startCluster() {
  const script = fileURLToPath(new URL("../../postgres.sh", import.meta.url));
  const child = spawn("sh", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: address } = await lines.next();
  if (address === undefined) throw new Error("PostgreSQL did not start");
  // It waits for the end of its input, which comes with the end of this process, and must not hold that up.
  for (const held of [child, child.stdin, child.stdout]) held.unref();
  let last = Promise.resolve();
  const create = (name) => {
    last = last.then(async () => {
      child.stdout.ref();
      child.stdin.write(`create ${name}\n`);
      const { value: answer } = await lines.next();
      child.stdout.unref();
      if (answer !== "create: done") throw new Error(`PostgreSQL said ${answer}`);
    });
    return last;
  };
  return { address, create };
}
