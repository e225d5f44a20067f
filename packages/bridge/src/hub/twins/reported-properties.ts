/**
 * What devices that come through the bridge report of themselves, written as the devices would: over one connection of the
 * policy's, which is open while somebody reports.
 */
import { isDeviceId } from "iot-hub-protocol";
import { fail, succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { JsonObject } from "../../core/json.ts";
import type { KeyRing } from "../key-ring.ts";
import type { LinkHolder, LinkTurns } from "../link-turns.ts";
import { ReportConnection } from "./report-connection.ts";
import type { ReportLimits } from "./report-connection.ts";

const KEYS = 2;

export interface ReportedPropertiesOptions {
  readonly endpoint: () => HubEndpoint | undefined;
  readonly keys: KeyRing;
  /** Of this hub, shared by all who are signed in to it; asked for anew when nobody here has links. */
  readonly turns: () => LinkTurns;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly limits: ReportLimits;
}

export class ReportedProperties implements LinkHolder {
  readonly #options: ReportedPropertiesOptions;
  readonly #sweep: NodeJS.Timeout;
  #connection: ReportConnection | undefined;
  /** While there are links, or somebody waits for one. */
  #turns: LinkTurns | undefined;
  #underWay = 0;
  #closed = false;

  constructor(options: ReportedPropertiesOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#closeIdle(), options.limits.idleTime / 4).unref();
  }

  /** Resolves with the version of the reported properties; `missing`: the hub has no such device. */
  async report(deviceId: string, patch: JsonObject): Promise<Result<number | null | "missing">> {
    if (!isDeviceId(deviceId)) return fail("device_id_refused", "This is no IoT Hub device id.");
    const body = Buffer.from(JSON.stringify(patch));
    const turns = (this.#turns ??= this.#options.turns());
    turns.join(this);
    this.#underWay += 1;
    const answer = await turns.take(this, deviceId, () => this.#report(deviceId, body));
    this.#underWay -= 1;
    return !answer.ok && answer.failure.code === "identity_missing" ? succeed("missing") : answer;
  }

  has(deviceId: string): boolean {
    return this.#connection?.has(deviceId) === true;
  }

  async giveUp(deviceId: string): Promise<void> {
    await this.#connection?.giveUp(deviceId);
  }

  /** Another key is in use. */
  renewToken(): void {
    void this.#connection?.renewToken();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    await this.#connection?.close();
    this.#turns?.leave(this);
  }

  async #report(deviceId: string, body: Buffer): Promise<Result<number | null>> {
    for (let tries = 1; ; tries++) {
      const connection = this.#open();
      if (connection === undefined) return fail("hub_unreachable", "The hub is not running, or has not said where.");
      const answer = await connection.report(deviceId, body);
      // Another key is no second attempt: the report never had a chance with the first one.
      if (answer.ok || answer.failure.code !== "key_refused" || !connection.hasOtherKey || tries === KEYS)
        return answer;
    }
  }

  #open(): ReportConnection | undefined {
    const endpoint = this.#options.endpoint();
    if (this.#closed || endpoint === undefined) return undefined;
    if (this.#connection !== undefined) return this.#connection;
    const { keys, now, limits } = this.#options;
    const connection = new ReportConnection({
      endpoint,
      keys,
      now,
      limits,
      onEnd: () => {
        if (this.#connection === connection) this.#connection = undefined;
      },
    });
    this.#connection = connection;
    void connection.start();
    return connection;
  }

  #closeIdle(): void {
    const connection = this.#connection;
    connection?.closeIdle(this.#options.now() - this.#options.limits.idleTime);
    if (this.#underWay > 0 || (connection !== undefined && connection.size > 0)) return;
    // What is reported from now on goes over another one.
    this.#connection = undefined;
    this.#turns?.leave(this);
    this.#turns = undefined;
    void connection?.close();
  }
}
