/** Devices by Microsoft's SDK, in a process of their own, that write until they are told to stop. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import type { StubbornDeviceOptions } from "../clients/stubborn-devices.ts";
import { builtFile } from "./isthmus-process.ts";
import { until } from "./until.ts";

export interface DeviceWrites {
  readonly id: string;
  /** Under each path the last value that the hub acknowledged; `null`: removed. */
  readonly reported: Readonly<Record<string, unknown>>;
  readonly sent: Readonly<Record<string, unknown>>;
  readonly count: number;
}

export interface DeviceMessages {
  readonly id: string;
  /** Each once, in the order in which they came. */
  readonly messages: readonly { readonly id: string; readonly body: object }[];
  /** With those that came again. */
  readonly received: number;
}

export class StubbornDevices {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: string[] = [];
  #errors = "";

  constructor(caFile: string, devices: readonly StubbornDeviceOptions[]) {
    const script = builtFile("node_modules/.cache/isthmus-e2e/clients/stubborn-devices.js");
    this.#child = spawn(process.execPath, [script, JSON.stringify(devices)], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile },
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answers.push(line));
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** Resolves with what was written, when the last of it is acknowledged. */
  stop(): Promise<readonly DeviceWrites[]> {
    return this.#ask("stop");
  }

  /** What those received that read messages. */
  messages(): Promise<readonly DeviceMessages[]> {
    return this.#ask("messages");
  }

  end(): void {
    this.#child.kill();
  }

  async #ask<T>(command: string): Promise<T> {
    const before = this.#answers.length;
    this.#child.stdin.write(`${command}\n`);
    await until(
      () => this.#answers.length > before,
      `the devices' answer to ${command}`,
      60_000,
      () => {
        if (this.#child.exitCode !== null) throw new Error(`The devices ended: ${this.#errors}`);
      },
    );
    return JSON.parse(this.#answers[before]!) as T;
  }
}
