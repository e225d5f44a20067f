/** Microsoft's emulator of Azure Storage, blobs only, in memory, over TLS on a free port. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { builtFile } from "./isthmus-process.ts";
import { until } from "./until.ts";

const MAIN = builtFile("e2e/storage/node_modules/azurite/dist/src/blob/main.js");

export const isAzuriteInstalled: boolean = existsSync(MAIN);

export class Azurite {
  readonly #key = randomBytes(32).toString("base64");
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #output = "";

  /** It writes nothing, but would do so in `folder`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes the files of a certificate and its key; returns the connection string, which speaks of http as most do. */
  async start(cert: string, key: string): Promise<string> {
    const address = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--cert", cert, "--key", key];
    // The storage client inside the device SDK sends a header that azurite refuses when it is strict.
    const args = [MAIN, ...address, "--inMemoryPersistence", "--disableTelemetry", "--loose"];
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      env: { ...process.env, AZURITE_ACCOUNTS: `files:${this.#key}` },
    });
    this.#child = child;
    const listen = (text: Buffer): void => void (this.#output += text.toString());
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const port = (): string | undefined => /listens on https:\/\/127\.0\.0\.1:(\d+)/.exec(this.#output)?.[1];
    await until(
      () => port() !== undefined,
      "azurite to listen",
      30_000,
      () => {
        if (child.exitCode !== null) throw new Error(`azurite ended with ${child.exitCode}:\n${this.#output}`);
      },
    );
    return `AccountName=files;AccountKey=${this.#key};BlobEndpoint=http://127.0.0.1:${port()}/files`;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await exited;
  }
}
