/**
 * Publishes over MQTT as many devices at once, several events of each under way, and remembers what was acknowledged. After a
 * broken connection MQTT.js sends again what was not; so a device's events may come twice, and none may be missing.
 */
import { connect, type MqttClient } from "mqtt";
import type { FleetDevice } from "./cloud.ts";

export interface MqttLoadOptions {
  readonly name: string;
  /** Events of a device under way at once. */
  readonly window: number;
  readonly url: string;
}

export class MqttLoad {
  /** Per device: the numbers that were acknowledged. */
  readonly accepted: Map<string, number[]> = new Map();
  readonly #clients: MqttClient[] = [];
  #stopped = false;
  #done: Promise<unknown> = Promise.resolve();

  get count(): number {
    let count = 0;
    for (const numbers of this.accepted.values()) count += numbers.length;
    return count;
  }

  start(devices: readonly FleetDevice[], options: MqttLoadOptions): void {
    this.#done = Promise.all(devices.map((device) => this.#run(device, options)));
  }

  /** Resolves when all that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }

  async #run({ id, token }: FleetDevice, { name, window, url }: MqttLoadOptions): Promise<void> {
    const numbers: number[] = [];
    this.accepted.set(id, numbers);
    const client = connect(url, { username: id, password: token, clientId: id, clean: false, reconnectPeriod: 200 });
    client.on("error", () => undefined);
    this.#clients.push(client);
    let next = 0;
    await Promise.all(
      Array.from({ length: window }, async () => {
        while (!this.#stopped) {
          const n = next++;
          await client.publishAsync(`devices/${id}/events/${name}`, String(n), { qos: 1 });
          numbers.push(n);
        }
      }),
    );
  }
}
