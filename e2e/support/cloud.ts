/** What a team does before its devices publish: a product, devices with names and tokens, an integration. */
import type { FirstRun } from "./isthmus-process.ts";

export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

/** One request to the API as the first account, or with another token. */
export async function request(
  { url, accessToken }: FirstRun,
  method: string,
  path: string,
  body?: unknown,
  token = accessToken,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export interface FleetDevice {
  readonly id: string;
  readonly token: string;
}

export async function makeProduct(firstRun: FirstRun, slug: string): Promise<void> {
  const made = await request(firstRun, "POST", "/v1/products", { product: { name: slug, slug } });
  if (made.status !== 201) throw new Error(`No product: ${JSON.stringify(made)}`);
}

/** Adds `count` devices with predictable ids to a product. */
export async function makeDevices(firstRun: FirstRun, slug: string, count: number, start = 0): Promise<FleetDevice[]> {
  const devices: FleetDevice[] = [];
  for (let i = start; i < start + count; i++) {
    const id = `e00fce68${i.toString(16).padStart(16, "0")}`;
    await request(firstRun, "POST", `/v1/products/${slug}/devices`, { id });
    const { json } = await request(firstRun, "POST", `/v1/products/${slug}/devices/${id}/token`);
    devices.push({ id, token: String(json["token"]) });
  }
  return devices;
}

/** An integration of the product with the Local Hub; returns its id. */
export async function makeIntegration(firstRun: FirstRun, slug: string, more: object = {}): Promise<string> {
  const made = await request(firstRun, "POST", `/v1/products/${slug}/integrations`, {
    integration_type: "AzureIotHub",
    event: "load",
    hub_name: "local",
    ...more,
  });
  if (made.status !== 201) throw new Error(`No integration: ${JSON.stringify(made)}`);
  return String(made.json["id"]);
}
