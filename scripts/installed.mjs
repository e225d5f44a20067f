// Whether node_modules is what package-lock.json asks for, judged by the record that npm keeps of what it installed.
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";

/** True when every package of the lockfile is installed in its version. Packages for other platforms may be missing. */
export async function fitsLockfile(root) {
  const wanted = await packagesIn(join(root, "package-lock.json"));
  const installed = await packagesIn(join(root, "node_modules", ".package-lock.json"));
  if (wanted === null || installed === null) return false;
  return [...wanted].every(([path, { version, link, optional }]) => {
    const found = installed.get(path);
    if (found === undefined) return optional === true;
    return link === true ? found.link === true : found.version === version;
  });
}

/** "212 of 486 packages": how far an install that is going on has come. */
export async function installedSoFar(root) {
  const wanted = (await packagesIn(join(root, "package-lock.json"))) ?? new Map();
  const needed = [...wanted].filter(([, { optional }]) => optional !== true);
  const found = await Promise.all(needed.map(([path]) => exists(join(root, path, "package.json"))));
  return `${found.filter(Boolean).length} of ${needed.length} packages`;
}

/** What is below some node_modules, by path; `null` without a readable lockfile, as after an install that was broken off. */
async function packagesIn(lockfile) {
  try {
    const { packages } = JSON.parse(await readFile(lockfile, "utf8"));
    return new Map(Object.entries(packages).filter(([path]) => path.includes("node_modules/")));
  } catch {
    return null;
  }
}

async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
