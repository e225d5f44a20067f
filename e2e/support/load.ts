/**
 * Publishes as many devices at once, each its own events in order, and remembers what was answered 2xx. A device sends
 * its next event only after the answer; after a refused or broken request it tries the same number again.
 */
import { Agent, request } from "node:http";
import type { FleetDevice } from "./cloud.ts";

export class Load {
  /** Per device: the numbers that were answered 2xx. */
  readonly accepted: Map<string, number[]> = new Map();
  /** Milliseconds each accepted request took. */
  readonly latencies: number[] = [];
  refused = 0;
  readonly #agent: Agent;
  #stopped = false;
  #done: Promise<unknown> = Promise.resolve();
  /** Where to publish; may change while the load runs, as after a restart on another port. */
  url: string;

  constructor(url: string, { connections = 64 }: { readonly connections?: number } = {}) {
    this.url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get count(): number {
    let count = 0;
    for (const numbers of this.accepted.values()) count += numbers.length;
    return count;
  }

  /** `each`: events per device; endless until `stop` without it. */
  start(
    devices: readonly FleetDevice[],
    { name = "load/value", each = Infinity }: { name?: string; each?: number } = {},
  ): void {
    this.#done = Promise.all(devices.map((device) => this.#run(device, name, each)));
  }

  /** Resolves when every device has had its last answer. */
  async finished(): Promise<void> {
    await this.#done;
    this.#agent.destroy();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.finished();
  }

  async #run({ id, token }: FleetDevice, name: string, each: number): Promise<void> {
    const numbers: number[] = [];
    this.accepted.set(id, numbers);
    for (let i = 0; i < each && !this.#stopped;) {
      const start = performance.now();
      const status = await this.#publish(token, JSON.stringify({ name, data: String(i) }));
      if (status === 200) {
        this.latencies.push(performance.now() - start);
        numbers.push(i);
        i += 1;
      } else {
        this.refused += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** The status; 0 when the connection broke before the answer. */
  #publish(token: string, body: string): Promise<number> {
    return new Promise((resolve) => {
      const sent = request(
        `${this.url}/v1/devices/events`,
        {
          method: "POST",
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${token}`,
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
          },
        },
        (response) => {
          response.resume();
          response.once("end", () => resolve(response.statusCode ?? 0));
          response.once("error", () => resolve(0));
        },
      );
      sent.once("error", () => resolve(0));
      sent.end(body);
    });
  }
}

/** The n-th of a hundred, e.g. 99 for p99. */
export function percentile(values: readonly number[], n: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * n) / 100))] ?? 0;
}
