// What every script needs first: a fitting Node, the packages of the lockfile, and a build of the present sources.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fitsLockfile, installedSoFar } from "./installed.mjs";
import { runWithProgress } from "./progress.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LEAST_NODE = [20, 20];

/**
 * Installs and builds what is missing or out of date; ends the process with the reason and the next step when that fails.
 * @param {readonly string[]} projects folders with a tsconfig.json; none means everything, tests and e2e included
 */
export async function prepare(projects = []) {
  checkNode();
  process.chdir(ROOT);
  if (!(await fitsLockfile(ROOT))) await install();
  await build(projects);
  await buildConsole();
}

/** A command of an installed package, as a program and its arguments. */
export function tool(name, ...args) {
  return [join(ROOT, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name), args];
}

function fail(output, nextStep) {
  process.stderr.write(`\n${output.trim()}\n\n${nextStep}\n`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
    fail(
      `This is Node ${process.versions.node}, and Isthmus needs ${LEAST_NODE.join(".")} or later.`,
      "Install a newer Node (24 is recommended), for instance from nodejs.org or with your version manager, and try again.",
    );
  }
  if (major === 20) console.log("Node 20 works, but gets no more security fixes: Node 24 is recommended.");
}

/**
 * Installs what only some tests use, in a folder of its own so that nobody else waits for it. Without it those tests are
 * skipped and say so.
 * @param {string} title
 * @param {string} folder with a package-lock.json, from the root
 */
export async function installExtra(title, folder) {
  const path = join(ROOT, folder);
  if (await fitsLockfile(path)) return;
  const { ok, output } = await npmCi(title, path);
  if (!ok) process.stdout.write(`${output.trim().split("\n").at(-1)}\n`);
}

function npmCi(title, folder) {
  const npm = process.env["npm_execpath"];
  const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  const args = [...first, "ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  return runWithProgress(title, command, args, { detail: () => installedSoFar(folder), cwd: folder });
}

async function install() {
  const { ok, output } = await npmCi("Installing packages", ROOT);
  if (!ok) {
    fail(
      output,
      "npm could not install the packages; its own words are above. Check the network (or the proxy npm is told to use) and run the command again.",
    );
  }
}

async function build(projects) {
  const [command, args] = tool("tsc", "-b", "--verbose", ...projects);
  const { ok, output } = await runWithProgress("Building", command, args, { detail: projectBeingBuilt });
  if (!ok) {
    const errors = output.split("\n").filter((line) => !/^\[?\d+:\d+:\d+|^\s*\* |^$/.test(line));
    fail(
      errors.join("\n"),
      "The compiler found the errors above. Mend them (or `git pull` a newer version) and run the command again.",
    );
  }
}

/** The web console, when a source of it is newer than what was built. */
async function buildConsole() {
  const folder = join(ROOT, "packages/console");
  const built = join(folder, "dist/index.html");
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0;
  const sources = ["index.html", "package.json", "vite.config.ts", ...filesUnder(folder, "src")];
  const lockfile = join(ROOT, "package-lock.json");
  const newest = Math.max(
    ...[lockfile, ...sources.map((file) => join(folder, file))].map((file) => statSync(file).mtimeMs),
  );
  if (builtAt > newest) return;
  const { ok, output } = await runWithProgress("Building the console", ...tool("vite", "build", folder));
  if (!ok) fail(output, "The console could not be built; why is above. Mend it and run the command again.");
}

function filesUnder(folder, under) {
  const entries = readdirSync(join(folder, under), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** The compiler names each project on which it begins; the last one named is the one it is at. */
function projectBeingBuilt(output) {
  const begun = [...output.matchAll(/Building project '(?:[^']*\/)?([^'/]+)\/tsconfig\.json'/g)];
  return begun.at(-1)?.[1] ?? "";
}
