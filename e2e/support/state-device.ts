/** A device that speaks to the hub by itself, through Microsoft's device SDK, in a process of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { builtFile, type FirstRun } from "./isthmus-process.ts";
import { until } from "./until.ts";

type Line = Readonly<Record<string, unknown>>;

export class StateDevice {
  /** What the device saw, in order. */
  readonly lines: Line[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  #errors = "";
  #asked = 0;

  constructor({ localHub }: FirstRun, connectionString: string, transport = "Mqtt") {
    const script = builtFile("node_modules/.cache/isthmus-e2e/clients/state-device.js");
    this.#child = spawn(process.execPath, [script, transport, connectionString], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: localHub.caFile },
    });
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.lines.push(JSON.parse(line) as Line));
  }

  /** The desired properties as the device put them together from what it was sent. */
  get desired(): Line {
    return Object.assign({}, ...this.lines.map(({ desired }) => desired)) as Line;
  }

  get messages(): readonly unknown[] {
    return this.lines.flatMap(({ message }) => (message === undefined ? [] : [message]));
  }

  connected(): Promise<void> {
    return this.#sees(({ ready }) => ready === true, "the device's connection");
  }

  report(patch: object): Promise<void> {
    return this.#ask({ report: patch });
  }

  send(body: object): Promise<void> {
    return this.#ask({ send: body });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill();
    await exited;
  }

  async #ask(command: object): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const mine = ++this.#asked;
    await this.#sees(({ done }) => done === mine, JSON.stringify(command));
  }

  #sees(wanted: (line: Line) => boolean, what: string): Promise<void> {
    return until(
      () => this.lines.some(wanted),
      what,
      60_000,
      () => {
        if (this.#child.exitCode !== null) throw new Error(`The device ended: ${this.#errors}`);
      },
    );
  }
}
