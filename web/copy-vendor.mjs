// Copies the few third-party files Muster serves or tests with out of
// node_modules into web/vendor/ (git-ignored), each with its license beside it.
// Run by `npm run vendor`, after `npm ci`.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "vendor");

/** package, file inside it, name in vendor/, license files inside the package */
const FILES = [
  ["htmx.org", "dist/htmx.min.js", "htmx.min.js", ["LICENSE"]],
  ["axe-core", "axe.min.js", "axe.min.js", ["LICENSE", "LICENSE-3RD-PARTY.txt"]],
];

await mkdir(target, { recursive: true });
const versions = [];
for (const [name, file, as, licenses] of FILES) {
  const from = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  await copyFile(join(from, file), join(target, as));
  for (const license of licenses) {
    const suffix = license.replace(/\.txt$/, "").replace("LICENSE", "LICENSE");
    await copyFile(join(from, license), join(target, `${as}.${suffix}.txt`));
  }
  versions.push(`${as}: ${name} ${version} (${license})`);
}
await writeFile(join(target, "VERSIONS.txt"), `${versions.join("\n")}\n`);
console.log(versions.join("\n"));
