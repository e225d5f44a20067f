/** A device that publishes at the bridge, by MQTT.js: it reports its leaves and remembers what it was told to be like. */
import mqtt, { type MqttClient } from "mqtt";
import { insist } from "./insist.ts";
import type { FirstRun } from "./isthmus-process.ts";
import { documentOf, leavesOf, valueOf, withLeaf, type Leaves } from "./leaves.ts";

const PATHS = ["meters.rpm", "fan.heat", "note"] as const;

export class SoakBridgeDevice {
  readonly id: string;
  reported: Leaves = {};
  /** What the bridge told it last. */
  desired: Leaves = {};
  count = 0;
  readonly #token: string;
  readonly #firstRun: () => FirstRun;
  #client: MqttClient | undefined;

  constructor({ id, token }: { readonly id: string; readonly token: string }, firstRun: () => FirstRun) {
    this.id = id;
    this.#token = token;
    this.#firstRun = firstRun;
  }

  async run(pauseMs: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * pauseMs));
      const path = PATHS[Math.floor(Math.random() * PATHS.length)]!;
      const value = valueOf("device", ++this.count);
      const body = JSON.stringify(documentOf({ [path]: value }));
      await insist(async () => {
        const client = await this.connect();
        await client.publishAsync(`devices/${this.id}/state/reported`, body, { qos: 1 });
      });
      this.reported = withLeaf(this.reported, path, value);
    }
  }

  /** Over the connection that stands, else over a new one: nothing old is sent again by the client itself. */
  async connect(): Promise<MqttClient> {
    if (this.#client?.connected) return this.#client;
    this.end();
    const client = await mqtt.connectAsync(
      this.#firstRun().mqttUrl,
      { username: this.id, password: this.#token, clientId: this.id, reconnectPeriod: 0, connectTimeout: 5_000 },
      false,
    );
    this.#client = client;
    client.on("error", () => undefined);
    client.on("close", () => client.end(true));
    client.on("message", (_topic, payload) => {
      this.desired = leavesOf(JSON.parse(payload.toString()) as object);
    });
    await client.subscribeAsync(`devices/${this.id}/state/desired`, { qos: 1 });
    return client;
  }

  end(): void {
    this.#client?.end(true);
    this.#client = undefined;
  }
}
