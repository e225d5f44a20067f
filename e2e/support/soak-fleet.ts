/** The devices of a soak: Things of every official transport and devices that publish at the bridge, in two products. */
import type { StubbornTransport } from "../clients/stubborn-devices.ts";
import { makeDevices, request } from "./cloud.ts";
import type { FirstRun } from "./isthmus-process.ts";
import { para, type ParaKeys } from "./para.ts";

export interface SoakDevice {
  readonly id: string;
  readonly name: string;
  readonly kind: StubbornTransport | "bridge";
  /** Changes go to it as messages too. */
  readonly hasMessages: boolean;
  /** Another service of the hub's writes wishes for it. */
  readonly hasService: boolean;
  /** Its keys in Para's API. */
  readonly app: ParaKeys;
  /** Own fields of the Thing, which nothing may change. */
  readonly own: Readonly<Record<string, unknown>>;
  /** Of a Thing, as its creation answered it. */
  readonly connectionString: string;
  /** Of one that publishes at the bridge. */
  readonly token: string;
}

const KINDS = ["Mqtt", "MqttWs", "Amqp", "AmqpWs", "Http"] as const;
/** Beside which another service writes: one of each manner of connection. */
const WITH_SERVICE: ReadonlySet<string> = new Set(["Mqtt", "Amqp", "bridge"]);

/** Half of them in a product whose changes are sent as messages too. */
export async function makeSoakFleet(firstRun: FirstRun, things: number): Promise<readonly SoakDevice[]> {
  const quiet = await makeApp(firstRun, "quiet", {});
  const told = await makeApp(firstRun, "told", { cloud_to_device: true });
  const fleet: SoakDevice[] = [];
  for (const [i, app] of [quiet, told].entries()) {
    const hasMessages = i === 1;
    for (let n = 0; n < Math.ceil(things / 2); n += 1) {
      const kind = KINDS[n % KINDS.length]!;
      const [name, own] = [`${kind} ${n}`, { floor: n, tags: [kind.toLowerCase()] }];
      const body = { name, serviceBroker: "Azure", ...own };
      const made = await para(firstRun, "POST", "/v1/things", body, app);
      if (made.status !== 201) throw new Error(`No Thing: ${JSON.stringify(made.body)}`);
      const { connectionString } = made.body["deviceDetails"] as { connectionString: string };
      const hasService = !hasMessages && WITH_SERVICE.has(kind);
      const id = String(made.body["id"]);
      fleet.push({ id, name, kind, hasMessages, hasService, app, own, connectionString, token: "" });
    }
  }
  for (const [n, { id, token }] of (await makeDevices(firstRun, "quiet", 2)).entries()) {
    const hasService = n === 0;
    const rest = { name: "", own: {}, connectionString: "", hasMessages: false };
    fleet.push({ id, kind: "bridge", hasService, app: quiet, token, ...rest });
  }
  return fleet;
}

async function makeApp(firstRun: FirstRun, slug: string, settings: object): Promise<ParaKeys> {
  const { body } = await para(firstRun, "GET", `/v1/_setup/${slug}?name=${slug}`);
  const set = { sweep_seconds: 10, ...settings };
  const { status, json } = await request(firstRun, "PUT", `/admin/v1/products/${slug}/state-settings`, set);
  if (status !== 200) throw new Error(`No settings: ${JSON.stringify(json)}`);
  return body as unknown as ParaKeys;
}
