/** Reads what arrived in a hub, with Microsoft's Event Hubs client in a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { builtFile, type FirstRun } from "./isthmus-process.ts";
import { until } from "./until.ts";

export interface ReadEvent {
  readonly partitionId: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly messageId: string;
  readonly contentType: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly systemProperties: Readonly<Record<string, unknown>>;
  readonly sequenceNumber: number;
  readonly enqueuedTime: number;
  readonly readAt: number;
}

export class HubReader {
  readonly events: ReadEvent[] = [];
  readonly #child: ChildProcess;
  #errors = "";

  constructor({ localHub }: FirstRun) {
    const script = builtFile("node_modules/.cache/isthmus-e2e/clients/read-events.js");
    this.#child = spawn(process.execPath, [script, localHub.eventHubConnectionString], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: localHub.caFile },
      stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) =>
      this.events.push(JSON.parse(line) as ReadEvent),
    );
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
  }

  /** Waits until a condition holds for what was read so far. */
  async reads(condition: (events: readonly ReadEvent[]) => boolean, what: string, timeoutMs = 60_000): Promise<void> {
    await until(() => condition(this.events), what, timeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)} Read: ${this.events.length}. ${this.#errors}`);
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await exited;
  }
}

/** Events per device in the order read; repeated message ids left out. */
export function firstOccurrences(events: readonly ReadEvent[]): Map<string, ReadEvent[]> {
  const seen = new Set<string>();
  const devices = new Map<string, ReadEvent[]>();
  for (const event of events) {
    if (seen.has(event.messageId)) continue;
    seen.add(event.messageId);
    const device = String(event.systemProperties["iothub-connection-device-id"]);
    const list = devices.get(device);
    if (list === undefined) devices.set(device, [event]);
    else list.push(event);
  }
  return devices;
}
