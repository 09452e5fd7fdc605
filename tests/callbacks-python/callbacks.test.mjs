// The callback pages to copy for servers in Python, from a venv of their own.
import { join } from "node:path";
import { file } from "../callbacks/harness.mjs";
import { callbackPageOf } from "../callbacks/servers.mjs";
import { root } from "../package/harness/packed.mjs";

for (const name of ["fastapi", "django"]) {
  const env = { PYTHONPATH: join(root, "examples/callback-pages"), PYTHONDONTWRITEBYTECODE: "1" };
  callbackPageOf(name, () => [process.env.PYTHON ?? join(root, "target/python/bin/python"), [file(`servers/${name}_server.py`)], env]);
}
