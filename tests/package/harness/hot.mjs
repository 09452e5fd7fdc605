/** A developer who saves a file until the page shows it. */
import { readFile, writeFile } from "node:fs/promises";

/**
 * Puts `Still waiting` and a number in the place of the text of a component, and resolves when `look` sees one of them. A page that
 * has not yet asked for news misses a save, and nothing tells when it has.
 */
export async function saveUntilShown(browser, component, look) {
  const source = await readFile(component, "utf8");
  let looks = 0;
  await browser.until(async () => {
    if (looks % 100 === 0) await writeFile(component, source.replace("Waiting for authorization…", `Still waiting ${looks}`));
    looks += 1;
    return /^Still waiting/u.test(await look());
  }, "the component as it was saved", 60_000);
}
