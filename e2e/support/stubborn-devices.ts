/** Devices by Microsoft's SDK, in a process of their own, that write until they are told to stop. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { builtFile, type FirstRun } from "./isthmus-process.ts";
import { until } from "./until.ts";

export interface DeviceWrites {
  readonly id: string;
  /** Under each key the last value that the hub acknowledged; `null`: removed. */
  readonly reported: Readonly<Record<string, string | null>>;
  readonly sent: Readonly<Record<string, string | null>>;
  readonly count: number;
}

export class StubbornDevices {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = "";
  #errors = "";

  constructor({ localHub }: FirstRun, devices: readonly { readonly id: string; readonly connectionString: string }[]) {
    const script = builtFile("node_modules/.cache/isthmus-e2e/clients/stubborn-devices.js");
    this.#child = spawn(process.execPath, [script, JSON.stringify(devices)], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: localHub.caFile },
    });
    this.#child.stdout.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** Resolves with what was written, when the last of it is acknowledged. */
  async stop(): Promise<readonly DeviceWrites[]> {
    this.#child.stdin.write("stop\n");
    await until(
      () => this.#output.endsWith("\n"),
      "the devices' last writes",
      40_000,
      () => {
        if (this.#child.exitCode !== null && this.#output === "") throw new Error(`The devices ended: ${this.#errors}`);
      },
    );
    return JSON.parse(this.#output) as DeviceWrites[];
  }

  end(): void {
    this.#child.kill();
  }
}
