/** The device cloud's command line as its users run it, with a home folder of its own and a profile that points here. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile } from "./isthmus-process.ts";
import { until } from "./until.ts";

const FOLDER = "e2e/particle-cli/node_modules";
const MAIN = builtFile(`${FOLDER}/particle-cli/src/index.js`);
/** It refuses anything older. */
const LEAST_NODE = 22;
const NODE = suitableNode();

/** `null` when it can run; otherwise why not. */
export const particleCliMissing: string | null = !existsSync(MAIN)
  ? "particle-cli is not installed: run `npm ci --ignore-scripts` in e2e/particle-cli"
  : NODE === null
    ? `particle-cli needs Node ${LEAST_NODE}`
    : null;

export interface Ended {
  readonly code: number | null;
  /** All that it printed, without colours and cursor movements. */
  readonly text: string;
}

export class ParticleCli {
  readonly folder: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(apiUrl: string): Promise<ParticleCli> {
    const folder = await mkdtemp(join(tmpdir(), "particle-cli-"));
    const settings = join(folder, ".particle");
    await mkdir(settings);
    await writeFile(join(settings, "profile.json"), JSON.stringify({ name: "isthmus" }));
    await writeFile(join(settings, "isthmus.config.json"), JSON.stringify({ apiUrl }));
    return new ParticleCli(folder);
  }

  /** A file to hand to a command; returns its path. */
  async file(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  async run(...args: readonly string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** A command that goes on until something happens, or asks something. */
  start(...args: readonly string[]): Running {
    const child = spawn(NODE!, [MAIN, ...args], {
      cwd: this.folder,
      env: { PATH: process.env["PATH"], HOME: this.folder, PARTICLE_DISABLE_UPDATE: "true" },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 280_000,
    });
    this.#running.add(child);
    let output = "";
    const listen = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code) => {
        this.#running.delete(child);
        resolve({ code, text: plain(output) });
      });
    });
    return {
      ended,
      printed: (text) => until(() => plain(output).includes(text), `particle ${args[0]} to print "${text}"`),
      answer: (line) => void child.stdin.write(`${line}\n`),
    };
  }

  async dispose(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when the text was printed. */
  printed(text: string): Promise<void>;
  /** Types a line. */
  answer(line: string): void;
}

function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the control characters that move the cursor
  return text.replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, "");
}

function suitableNode(): string | null {
  if (Number(process.versions.node.split(".")[0]) >= LEAST_NODE) return process.execPath;
  const own = builtFile(`${FOLDER}/node-${process.platform}-${process.arch}/bin/node`);
  return existsSync(own) ? own : null;
}
