import { randomBytes } from "node:crypto";
import { type ApiAnswer, type ApiClient, describe } from "./api-client.ts";
import type { FleetMember } from "./fleet-file.ts";
import { STATIONS } from "./stations.ts";

const PRODUCT = "demo";
const FIRMWARE_VERSION = 3;

/** What the fleet's events are sent to, unless the product has an integration already. */
const INTEGRATION = { integration_type: "AzureIotHub", event: "weather", hub_name: "local", name: "Demo weather" };

/**
 * Makes what is missing of the demo: the product, its integration, and one device per station. Devices known from an
 * earlier run are kept with their tokens and positions, and so is whatever the user changed about them.
 * @throws {Error} with the API's reason when the product or a device cannot be made.
 */
export async function registerFleet(api: ApiClient, known: readonly FleetMember[]): Promise<FleetMember[]> {
  await ensureProduct(api);
  const members: FleetMember[] = [];
  for (const { name } of STATIONS) {
    members.push(
      await ensureDevice(
        api,
        name,
        known.find((member) => member.name === name),
      ),
    );
  }
  return members;
}

/** Sends the fleet's events to the Local Hub, unless the product has an integration of its own by now. */
export async function ensureIntegration(api: ApiClient): Promise<void> {
  const list = demand(await api.request("GET", `/v1/products/${PRODUCT}/integrations`), "list the demo's integrations");
  const integrations = list.json["items"];
  if (Array.isArray(integrations) && integrations.length > 0) return;
  demand(
    await api.request("POST", `/v1/products/${PRODUCT}/integrations`, INTEGRATION),
    "make the demo's integration with the Local Hub",
  );
}

/** A new token for a device of the fleet; the ones it had stay valid. */
export async function newDeviceToken(api: ApiClient, deviceId: string): Promise<string> {
  const answer = demand(
    await api.request("POST", `/v1/products/${PRODUCT}/devices/${deviceId}/token`),
    "make a device token",
  );
  return String(answer.json["token"]);
}

async function ensureProduct(api: ApiClient): Promise<void> {
  const found = await api.request("GET", `/v1/products/${PRODUCT}`);
  if (found.ok) return;
  demand(
    await api.request("POST", "/v1/products", {
      product: { name: "Demo", slug: PRODUCT, description: "Virtual devices that replay real weather" },
    }),
    "make the product demo",
  );
}

async function ensureDevice(api: ApiClient, name: string, known: FleetMember | undefined): Promise<FleetMember> {
  const id = known?.id ?? (await idByName(api, name)) ?? randomBytes(12).toString("hex");
  const path = `/v1/products/${PRODUCT}/devices/${id}`;
  const found = await api.request("GET", path);
  if (!found.ok) {
    demand(await api.request("POST", `/v1/products/${PRODUCT}/devices`, { id }), `add the device ${name}`);
    demand(await api.request("PUT", path, { name, firmware_version: FIRMWARE_VERSION }), `name the device ${name}`);
  }
  if (found.ok && known !== undefined) return known;
  return { name, id, token: await newDeviceToken(api, id), position: known?.position ?? 0 };
}

async function idByName(api: ApiClient, name: string): Promise<string | undefined> {
  const answer = await api.request("GET", `/v1/products/${PRODUCT}/devices?deviceName=${name}&perPage=100`);
  const devices = answer.ok ? (answer.json["devices"] as readonly { id: string; name: string | null }[]) : [];
  return devices.find((device) => device.name === name)?.id;
}

function demand(answer: ApiAnswer, what: string): ApiAnswer {
  if (!answer.ok) throw new Error(`Could not ${what}: ${describe(answer)}`);
  return answer;
}
