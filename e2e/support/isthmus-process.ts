/** The product as its users run it: one process tree on free ports, with a data folder of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

export interface FirstRun {
  readonly url: string;
  readonly mqttUrl: string;
  readonly mqttsUrl: string;
  readonly username: string;
  readonly password: string;
  readonly accessToken: string;
  readonly para: { readonly accessKey: string; readonly secretKey: string };
  readonly localHub: {
    readonly hostName: string;
    readonly httpsPort: number;
    readonly amqpsPort: number;
    readonly mqttsPort: number;
    readonly connectionString: string;
    readonly eventHubConnectionString: string;
    readonly caFile: string;
  };
}

const ROOT = process.env["ISTHMUS_ROOT"] ?? findRoot();

export function builtFile(path: string): string {
  return join(ROOT, path);
}

export class IsthmusProcess {
  readonly folder: string = mkdtempSync(join(tmpdir(), "isthmus-e2e-"));
  readonly #settings: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(settings: Readonly<Record<string, string>> = {}) {
    this.#settings = settings;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it printed since the last start. */
  get output(): string {
    return this.#output;
  }

  get firstRun(): FirstRun {
    return JSON.parse(readFileSync(join(this.folder, "first-run.json"), "utf8")) as FirstRun;
  }

  /** Starts and waits until the API answers. A restart keeps the ports of the start before. */
  async start(): Promise<FirstRun> {
    this.#output = "";
    const child = spawn(process.execPath, [builtFile("packages/bridge/bin/isthmus.js"), "serve"], {
      cwd: this.folder,
      env: {
        ...withoutSettings(process.env),
        ISTHMUS_DATA: this.folder,
        ISTHMUS_PORT: "0",
        ISTHMUS_MQTT_PORT: "0",
        ISTHMUS_DEMO: "off",
        ISTHMUS_LOCAL_HUB: "on",
        // Load comes from one address and few devices here.
        ISTHMUS_DEVICE_RATE: "off",
        ISTHMUS_ADDRESS_LIMIT: "off",
        ISTHMUS_STREAM_LIMIT: "off",
        IOT_HUB_HTTPS_PORT: "0",
        IOT_HUB_AMQPS_PORT: "0",
        IOT_HUB_AMQP_PORT: "0",
        IOT_HUB_MQTTS_PORT: "0",
        ...this.#settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    await until(
      () => this.#output.includes("kept in"),
      "the start",
      55_000,
      () => {
        if (child.exitCode !== null) throw new Error(`Isthmus ended with ${child.exitCode}:\n${this.#output}`);
      },
    );
    return this.firstRun;
  }

  /** Ends it as the system would in an emergency. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it as Ctrl-C or a service manager does; returns the exit code. */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** Stops and removes all that it kept. */
  async dispose(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.stop();
    // The Local Hub of a killed bridge ends a moment later.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return exited;
  }
}

function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(ISTHMUS|IOT_HUB)_/.test(name)));
}

// Seen from the sources and from the built files alike: the folder that holds the workspaces.
function findRoot(): string {
  const here = fileURLToPath(import.meta.url);
  return here.slice(0, here.includes("/node_modules/") ? here.indexOf("/node_modules/") : here.indexOf("/e2e/"));
}
