/** A fleet that publishes without end through an integration of its own, and what must be true when it stops. */
import { isDeepStrictEqual } from "node:util";
import { makeDevices, makeIntegration, request, type FleetDevice } from "./cloud.ts";
import { firstOccurrences, type HubReader, type ReadEvent } from "./hub-reader.ts";
import type { FirstRun } from "./isthmus-process.ts";
import { Load } from "./load.ts";
import { until } from "./until.ts";

/** Within which a fault must be named, and within which it must be over when its cause is. */
export const MINUTE = 60_000;

export interface IntegrationState {
  readonly state: string;
  readonly failure: { readonly code: string } | null;
  readonly warning: { readonly code: string } | null;
  readonly expected_until: string | null;
  readonly next_probe_at: string | null;
  readonly devices_waiting: readonly { readonly code: string; readonly device_id: string; readonly devices: number }[];
}

export class FleetUnderLoad {
  readonly devices: readonly FleetDevice[];
  readonly load: Load;
  readonly #firstRun: FirstRun;
  readonly #event: string;
  readonly #integration: string;
  readonly #number: number;
  /** Published by hand. */
  #more = 0;

  private constructor(
    firstRun: FirstRun,
    number: number,
    made: { event: string; integration: string; devices: readonly FleetDevice[] },
  ) {
    this.#firstRun = firstRun;
    this.#number = number;
    this.#event = made.event;
    this.#integration = made.integration;
    this.devices = made.devices;
    this.load = new Load(firstRun.url);
  }

  /** Six devices of the product `fleet`, and events of a name of their own. Resolves after the first deliveries. */
  static async start(firstRun: FirstRun, number: number, settings: object = {}): Promise<FleetUnderLoad> {
    const event = `load-${number}/value`;
    const integration = await makeIntegration(firstRun, "fleet", { event, ...settings });
    const devices = await makeDevices(firstRun, "fleet", 6, number * 100);
    const fleet = new FleetUnderLoad(firstRun, number, { event, integration, devices });
    fleet.load.start(devices, { name: event });
    await until(async () => (await fleet.ledger())["delivered"]! > 30, "the first deliveries");
    return fleet;
  }

  async end(): Promise<void> {
    await this.load.stop();
    await request(this.#firstRun, "DELETE", `/v1/products/fleet/integrations/${this.#integration}?confirm=true`);
  }

  async ledger(): Promise<Readonly<Record<string, number>>> {
    return (await this.admin("GET", "ledger"))["ledger"] as Record<string, number>;
  }

  async state(): Promise<IntegrationState> {
    return (await this.admin("GET", "state")) as unknown as IntegrationState;
  }

  async admin(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const url = `/admin/v1/integrations/${this.#integration}/${path}`;
    const { status, json } = await request(this.#firstRun, method, url, body);
    if (status !== 200) throw new Error(`The API answered ${status}.`);
    return json;
  }

  /** Somebody presses the button. */
  async retry(): Promise<void> {
    await this.admin("POST", "deliveries/retry", {});
  }

  /** Changes the integration. */
  async change(settings: object): Promise<void> {
    const url = `/v1/products/fleet/integrations/${this.#integration}`;
    const body = { event: this.#event, hub_name: "local", ...settings };
    const { status } = await request(this.#firstRun, "PUT", url, body);
    if (status !== 200) throw new Error(`The API answered ${status}.`);
  }

  async rename(deviceId: string, name: string): Promise<void> {
    const { status } = await request(this.#firstRun, "PUT", `/v1/products/fleet/devices/${deviceId}`, { name });
    if (status !== 200) throw new Error(`The API answered ${status}.`);
  }

  /** An event of each of so many devices that the hub has never seen. */
  async publishFromNewDevices(count: number): Promise<void> {
    const devices = await makeDevices(this.#firstRun, "fleet", count, this.#number * 100 + 50);
    for (const { token } of devices) {
      const event = { name: this.#event, data: "new" };
      const { status } = await request(this.#firstRun, "POST", "/v1/devices/events", event, token);
      if (status !== 200) throw new Error(`The API answered ${status}.`);
    }
    this.#more += count;
  }

  /** Codes that the API gives for what holds up the integration or one of its devices. */
  async named(): Promise<readonly string[]> {
    const { failure, devices_waiting } = await this.state();
    return [...(failure === null ? [] : [failure.code]), ...devices_waiting.map(({ code }) => code)];
  }

  async isNamed(code: string): Promise<void> {
    let last: readonly string[] = [];
    const isIt = async (): Promise<boolean> => (last = await this.named()).includes(code);
    await until(isIt, `the name ${code}`, MINUTE).catch((error: unknown) => {
      throw new Error(`${String(error)} It says: ${last.join(", ")}.`);
    });
  }

  /** Waits until so many more are delivered, whatever goes on. */
  async goesOn(more: number): Promise<void> {
    const { delivered = 0 } = await this.ledger();
    await until(async () => (await this.ledger())["delivered"]! >= delivered + more, `${more} more deliveries`, MINUTE);
  }

  /** Ends the load and waits until nothing is wrong any more: then everything accepted must be in the hub, in order. */
  async outcome(reader: HubReader, { parked = 0, inDoubt = false }: Expected = {}): Promise<FleetOutcome> {
    await this.load.stop();
    const accepted = this.load.count + this.#more;
    await until(async () => (await this.ledger())["pending"] === 0, "the backlog", 2 * MINUTE);
    await until(async () => (await this.named()).length === 0, "an end of the trouble", MINUTE);
    const mine = (): readonly ReadEvent[] => reader.events.filter(({ body }) => body["event"] === this.#event);
    const isAll = (): boolean => new Set(mine().map(({ messageId }) => messageId)).size >= accepted - parked;
    await reader.reads(isAll, `${accepted - parked} events`);
    const bodies = new Map<string, Set<string>>();
    for (const { messageId, body } of mine()) {
      bodies.set(messageId, (bodies.get(messageId) ?? new Set()).add(JSON.stringify(body)));
    }
    const seqs = [...firstOccurrences([...mine()]).values()].map((events) =>
      events.map(({ properties }) => Number(properties["seq"])),
    );
    const expected = { accepted, delivered: accepted - parked, pending: 0, parked, expired: 0, erased: 0 };
    return {
      ledgerCloses: isDeepStrictEqual(await this.ledger(), expected),
      invented: bodies.size - (accepted - parked),
      disordered: seqs.filter((numbers) => numbers.some((seq, i) => i > 0 && seq < numbers[i - 1]!)).length,
      contradicted: [...bodies.values()].filter(({ size }) => size > 1).length,
      repeated: inDoubt ? 0 : mine().length - bodies.size,
    };
  }
}

interface Expected {
  readonly parked?: number;
  /** The hub has left open whether it took some messages: these may come twice. */
  readonly inDoubt?: boolean;
}

export interface FleetOutcome {
  readonly ledgerCloses: boolean;
  /** Messages in the hub that nobody accepted. */
  readonly invented: number;
  /** Devices whose events did not arrive in order, repetitions left out. */
  readonly disordered: number;
  /** Messages that came again with another body. */
  readonly contradicted: number;
  /** Messages that came again although the hub had answered the first time. */
  readonly repeated: number;
}

/** Nothing lost, nothing twice under another name, every device in order. */
export const ALL_WELL: FleetOutcome = { ledgerCloses: true, invented: 0, disordered: 0, contradicted: 0, repeated: 0 };
