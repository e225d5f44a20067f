/** A server whose every field that a device or a user can set holds hostile text. What the API refuses it refuses: that is counted. */
import { HOSTILE } from "./hostile-strings.ts";
import type { FirstRun } from "./isthmus-process.ts";

export interface HostileWorld {
  readonly product: string;
  readonly device: string;
  readonly thing: string;
  readonly integration: string;
  readonly webhook: string;
  readonly source: string;
  readonly event: string;
  readonly connection: string;
  readonly delivery: string;
  /** By field: how many texts were taken. */
  readonly taken: ReadonlyMap<string, number>;
}

type Json = Record<string, unknown>;

const DEVICES = 210;
const deviceId = (n: number): string => `d00d${String(n).padStart(20, "0")}`;

export async function fillWithHostileText({ url, accessToken }: FirstRun): Promise<HostileWorld> {
  const taken = new Map<string, number>();

  async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: Json }> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: text === "" ? {} : (JSON.parse(text) as Json) };
  }

  /** Tries each text in a field; some at once. Answers what was taken. */
  async function each(
    field: string,
    texts: readonly string[],
    send: (text: string, i: number) => Promise<{ status: number; json: Json }>,
  ): Promise<readonly Json[]> {
    const answers: Json[] = [];
    for (let at = 0; at < texts.length; at += 8) {
      const some = await Promise.all(texts.slice(at, at + 8).map((text, i) => send(text, at + i)));
      for (const { status, json } of some) {
        if (status >= 500) throw new Error(`${field}: ${status} ${JSON.stringify(json)}`);
        if (status < 300) answers.push(json);
      }
    }
    taken.set(field, answers.length);
    return answers;
  }

  const product = "hostile";
  await call("POST", "/v1/products", { product: { name: HOSTILE[0], slug: product, description: HOSTILE[3] } });
  await each("product name", some(20), (name, i) =>
    call("POST", "/v1/products", { product: { name, slug: `hostile-${i}`, description: name } }),
  );
  const ids = Array.from({ length: DEVICES }, (_, n) => deviceId(n));
  for (const id of ids) await call("POST", `/v1/products/${product}/devices`, { id });
  await each("device name and notes", HOSTILE.slice(0, DEVICES), (text, i) =>
    call("PUT", `/v1/products/${product}/devices/${deviceId(i)}`, {
      name: text.slice(0, 128),
      notes: text.slice(0, 1000),
    }),
  );
  await each("group", some(60), (text) =>
    call("POST", `/v1/products/${product}/groups`, { name: text.slice(0, 40), description: text.slice(0, 500) }),
  );
  await each("API user", some(60), (text) =>
    call("POST", `/v1/products/${product}/team`, { friendly_name: text.slice(0, 100), scopes: ["events:get"] }),
  );
  await each("username", some(30), (username) =>
    call("POST", "/admin/v1/accounts", { username: username.slice(0, 128) }),
  );
  const sources = await each("source name", some(20), (text) =>
    call("POST", `/admin/v1/products/${product}/sources`, {
      kind: "inbound-webhook",
      name: text.slice(0, 100),
      event: "x",
    }),
  );
  const azure = await each("integration name, prefix and template", some(40), (text, i) =>
    call("POST", `/v1/products/${product}/integrations`, {
      integration_type: "AzureIotHub",
      name: text.slice(0, 64),
      event: i === 0 ? "h" : text.slice(0, 64),
      hub_name: "local",
      json: JSON.stringify({ [text.slice(0, 40)]: text, value: "{{{PARTICLE_EVENT_VALUE}}}" }),
      message_properties: { note: text.replaceAll(/[^ -~]/g, "").slice(0, 200) },
    }),
  );
  const webhooks = await each("webhook name, address, header and body", some(40), (text, i) =>
    call("POST", "/v1/webhooks", {
      name: text.slice(0, 64),
      event: `w${i}`,
      url: `https://127.0.0.1:9/${encodeURIComponent(text.slice(0, 100))}?q=${encodeURIComponent(text.slice(0, 100))}`,
      headers: { "X-Note": text.replaceAll(/[^ -~]/g, "").slice(0, 200) },
      body: text.slice(0, 1000),
    }),
  );
  await each("webhook address", some(HOSTILE.length), (text) =>
    call("POST", "/v1/webhooks", { event: "never", url: text.slice(0, 500) }),
  );
  const publish = (name: string, data: string, i: number) =>
    call("POST", `/v1/products/${product}/events`, { name, data, as_device_id: deviceId(i % DEVICES) });
  await each("event data", HOSTILE, (text, i) => publish(`h${i}`, text.slice(0, 1_000), i));
  await each("event name", HOSTILE, (text, i) => publish(text.slice(0, 64), text.slice(0, 1_000), i));
  const things = await each("Thing name, tag and state", some(40), (text, i) =>
    call("POST", `/admin/v1/products/${product}/things`, {
      name: text.slice(0, 128),
      tags: [text.slice(0, 40)],
      deviceState: Object.fromEntries(HOSTILE.slice(i, i + 3).map((value, n) => [`k${n}`, value.slice(0, 500)])),
    }),
  );
  await each("state", HOSTILE, (text, i) =>
    call("PATCH", `/admin/v1/devices/${idIn(things)}/state?wait=0`, { state: { [`s${i}`]: text.slice(0, 60) } }),
  );
  await each("state key", HOSTILE, (text) =>
    call("PATCH", `/admin/v1/devices/${idIn(things)}/state?wait=0`, { state: { [text.slice(0, 40)]: "x" } }),
  );

  const hubs = (await call("GET", `/admin/v1/devices/${deviceId(0)}/hubs`)).json["hubs"] as
    | readonly { readonly connection_id: string }[]
    | undefined;
  const connection = hubs?.[0]?.connection_id ?? "local";
  const device = `/admin/v1/devices/${deviceId(0)}/hubs/${encodeURIComponent(connection)}`;
  await each("twin tag and desired property", some(40), (text, i) =>
    call("PATCH", `${device}/twin`, {
      tags: { [`t${i}`]: text.slice(0, 100) },
      desired: { [`d${i}`]: text.slice(0, 100) },
    }),
  );
  // Names in addresses, which the audit log repeats.
  await each("name in an address", HOSTILE, (text) =>
    call("DELETE", `/v1/products/${product}/groups/${encodeURIComponent(text.slice(0, 90))}x`),
  );

  const integration = idIn(azure);
  const deliveries = (await call("GET", `/admin/v1/integrations/${integration}/deliveries`)).json["deliveries"];
  const events = (await call("GET", "/admin/v1/events?limit=1")).json["events"];
  return {
    product,
    device: deviceId(0),
    thing: idIn(things),
    integration,
    webhook: idIn(webhooks),
    source: idIn(sources),
    event: idIn(events),
    connection,
    delivery: idIn(deliveries),
    taken,
  };
}

/** Of the first: its own, or that of the one object in it. */
function idIn(answers: unknown): string {
  const [first] = answers as readonly Json[];
  if (first === undefined) throw new Error("Nothing was made");
  const inner = Object.values(first).find((value): value is Json => typeof value === "object" && value !== null);
  const id = first["id"] ?? inner?.["id"];
  if (typeof id !== "string" && typeof id !== "number") throw new Error(`No id in ${JSON.stringify(first)}`);
  return String(id);
}

/** So many of them, from all kinds. */
function some(count: number): readonly string[] {
  const step = Math.max(1, HOSTILE.length / count);
  return Array.from({ length: Math.min(count, HOSTILE.length) }, (_, i) => HOSTILE[Math.floor(i * step)]!);
}
