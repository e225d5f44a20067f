/** A server with one of everything, of the kind that people have. */
import type { ScreenIds } from "./console-screens.ts";
import type { FirstRun } from "./isthmus-process.ts";
import { until } from "./until.ts";

type Json = Readonly<Record<string, unknown>>;

const DEVICE = "e00fce681234567890abcdef";

export async function fillPlainly({ url, accessToken }: FirstRun): Promise<ScreenIds> {
  async function call<T>(method: string, path: string, body?: Json): Promise<T> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  await call("POST", "/v1/products", { product: { name: "Weather", description: "Stations on the coast" } });
  await call("POST", "/v1/products/weather/devices", { id: DEVICE });
  await call("PUT", `/v1/products/weather/devices/${DEVICE}`, { name: "north-mole", notes: "On the roof" });
  await call("POST", "/v1/products/weather/groups", { name: "coast", description: "All by the sea" });
  await call("POST", "/v1/products/weather/team", { friendly_name: "Report", scopes: ["events:get"] });
  const { source } = await call<{ source: { id: string } }>("POST", "/admin/v1/products/weather/sources", {
    kind: "inbound-webhook",
    event: "temp",
  });
  const { id: integration } = await call<{ id: string }>("POST", "/v1/products/weather/integrations", {
    integration_type: "AzureIotHub",
    name: "Everything",
    event: "temp",
    hub_name: "local",
  });
  // Nobody answers there: it shows what trouble looks like.
  const { id: webhook } = await call<{ id: string }>("POST", "/v1/products/weather/webhooks", {
    event: "temp",
    url: "https://127.0.0.1:9/in",
  });
  for (const data of ["21.5", "21.6", '{"celsius":21.7}']) {
    await call("POST", "/v1/products/weather/events", { name: "temp", data, as_device_id: DEVICE });
  }
  const { thing } = await call<{ thing: { id: string } }>("POST", "/admin/v1/products/weather/things", {
    name: "buoy",
    deviceState: { lamp: "on" },
  });
  interface Delivery {
    readonly id: string | number;
    readonly state: string;
  }
  let deliveries: readonly Delivery[] = [];
  await until(async () => {
    ({ deliveries } = await call<{ deliveries: Delivery[] }>(
      "GET",
      `/admin/v1/integrations/${integration}/deliveries`,
    ));
    return deliveries.length > 0 && deliveries.every(({ state }) => state === "delivered");
  }, "the deliveries");
  const { events } = await call<{ events: { id: string }[] }>("GET", "/admin/v1/events?limit=1");
  const { hubs } = await call<{ hubs: { connection_id: string }[] }>("GET", `/admin/v1/devices/${DEVICE}/hubs`);
  return {
    product: "weather",
    device: DEVICE,
    thing: thing.id,
    integration,
    webhook,
    source: source.id,
    event: events[0]!.id,
    connection: hubs[0]!.connection_id,
    delivery: String(deliveries[0]!.id),
  };
}
