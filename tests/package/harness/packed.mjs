/** The package as others get it: packed, and installed from the tarball. */
import { execFile } from "node:child_process";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const exec = promisify(execFile);
/** The root of the project. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));
/** The command of an installed npm package. */
export const bin = (name) => join(root, "node_modules/.bin", name);

/** A tarball and the apps that it is installed in, in a directory of `target/test` that begins empty: tools and frameworks are found above it. */
export class Packed {
  static async make(name) {
    const packed = new Packed();
    packed.work = join(root, "target/test", name);
    await rm(packed.work, { recursive: true, force: true });
    await mkdir(packed.work, { recursive: true });
    const { stdout } = await exec("npm", ["pack", "--json", "--silent", "--pack-destination", packed.work], { cwd: root });
    const said = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
    packed.tarball = join(packed.work, (Array.isArray(said) ? said[0] : Object.values(said)[0]).filename);
    return packed;
  }

  /** A copy of the app in `source`, or an empty one, with the tarball installed. */
  async install(source, name) {
    const app = join(this.work, name);
    await mkdir(app);
    if (source) await cp(source, app, { recursive: true });
    await writeFile(join(app, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
    await exec("npm", ["install", "--offline", "--silent", "--no-package-lock", this.tarball], { cwd: app });
    return app;
  }
}
