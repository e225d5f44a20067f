/** Two accounts that must not see each other: Ada with a sandbox, a product and API users, Eve with the same. */
import { lineKey } from "../../core/delivery-target.ts";
import { hashToken, newAppSecret, newEventId, tokenId } from "../../core/ids.ts";
import { PERMISSIONS } from "../../core/permission.ts";
import type { Permission, Requirement } from "../../core/permission.ts";
import { newThing } from "../para/thing-body.ts";
import { PLAN, SCAN } from "./fake-hubs.ts";
import { hubSettings } from "./integration-samples.ts";
import { DEVICE, FLEET_DEVICE } from "./route-table.ts";
import type { Method } from "./route-table.ts";
import { createTestApi } from "./test-api.ts";
import type { TestApi } from "./test-api.ts";

export interface Tenants {
  readonly api: TestApi;
  /** What stands in paths as `:name`. Nothing of it may appear in an answer to a stranger. */
  readonly names: Readonly<Record<string, string>>;
  readonly tokens: Readonly<
    Record<"ada" | "eve" | "expired" | "device" | "fleetDevice" | "member" | "otherMember", string>
  >;
  /** A token for an API user of Ada's product that has every scope but this one. */
  memberWithout(requirement: Requirement): Promise<string>;
  /** Where the API listens, from the first call on. */
  origin(): Promise<string>;
  call(route: string, token: string | null, options?: { body?: object; endless?: true }): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly json: unknown;
}

export async function createTenants(): Promise<Tenants> {
  const api = createTestApi();
  const { directory } = api;
  const ada = await api.account("ada");
  const eve = await api.account("eve");
  await directory.claimDevice(ada.id, DEVICE);
  await directory.updateDevice(DEVICE, { name: "cellar" });
  const product = await directory.createProduct({ ownerId: ada.id, name: "Weather", slug: "weather", description: "" });
  const other = await directory.createProduct({ ownerId: eve.id, name: "Harbour", slug: "harbour", description: "" });
  const productId = product!.id;
  await directory.addToProduct(productId, [FLEET_DEVICE]);
  await directory.updateDevice(FLEET_DEVICE, { groups: ["northern-hemisphere"] });
  const mallory = await api.account("mallory");
  const transfer = await directory.requestTransfer(DEVICE, mallory.id);
  const integration = await directory.createIntegration(hubSettings({ kind: "sandbox", accountId: ada.id }));
  const fleetIntegration = await directory.createIntegration(hubSettings({ kind: "product", productId }));
  api.world.connections = [
    {
      connectionId: lineKey(integration),
      hostName: "local",
      policyName: "p",
      state: "open",
      failure: null,
      nextProbeAt: null,
      since: null,
      inFlight: 0,
      waiting: 0,
      rate: { perSecond: 0, limit: null },
    },
  ];
  api.world.twin = { ok: true, value: { deviceId: "twin" } };
  const member = async (inProduct: number, scopes: readonly Permission[]): Promise<string> =>
    (await directory.createApiUser({ productId: inProduct, friendlyName: "program", scopes })).token;
  const program = await directory.createApiUser({ productId, friendlyName: "nightly-job", scopes: ["devices:list"] });

  const source = await api.sources.createSource(
    {
      kind: "inbound-webhook",
      productId,
      name: "Fleet",
      disabled: false,
      event: "t",
      createDevices: true,
      systemEvents: false,
      fields: {},
    },
    JSON.stringify({ hash: "", formerHash: null, formerUntil: 0 }),
  );

  const made = await api.things.create(product!, newThing({ name: "north buoy", serviceBroker: "Azure" }));
  if (made.kind !== "made") throw new Error("The Thing was not made");
  const { id: thing } = made.made.thing;
  await directory.addToProduct(productId, [thing]);
  await api.appKeys.renewAppSecret(productId, newAppSecret());

  const event = {
    id: newEventId(api.world.now),
    name: "kelvin",
    data: "294",
    contentType: "text/plain",
    deviceId: FLEET_DEVICE,
    productId,
    firmwareVersion: null,
    publishedAt: api.world.now,
    receivedAt: api.world.now,
  };
  api.world.events = [event];

  const spare = await directory.createToken({ accountId: ada.id, client: "spare", expiresAt: null });

  const names: Record<string, string> = {
    event: event.id,
    accessToken: tokenId(hashToken(spare)),
    device: DEVICE,
    fleetDevice: FLEET_DEVICE,
    product: String(productId),
    integration: integration.id,
    fleetIntegration: fleetIntegration.id,
    connection: lineKey(integration),
    scan: SCAN,
    plan: PLAN,
    fleetConnection: lineKey(fleetIntegration),
    apiUser: program.apiUser.username,
    group: "northern-hemisphere",
    transfer: transfer!.id,
    function: "openHatch",
    variable: "hatchLevel",
    source: source.id,
    thing,
  };
  await api.app.ready();
  let listening: Promise<string> | undefined;
  const origin = (): Promise<string> => (listening ??= api.listen());
  return {
    api,
    names,
    tokens: {
      ada: ada.token,
      eve: eve.token,
      expired: await directory.createToken({ accountId: ada.id, client: "c", expiresAt: api.world.now }),
      device: await directory.createDeviceToken(DEVICE),
      fleetDevice: await directory.createDeviceToken(FLEET_DEVICE),
      member: await member(productId, PERMISSIONS),
      otherMember: await member(other!.id, PERMISSIONS),
    },
    origin,
    memberWithout: (requirement) =>
      member(
        productId,
        PERMISSIONS.filter((scope) => scope !== requirement),
      ),
    async call(route, token, { body, endless } = {}) {
      const [method, path] = route.split(" ") as [Method, string];
      const url = path.replaceAll(/:(\w+)/g, (_match, name: string) => names[name]!);
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      if (endless === true) return headOf((await origin()) + url, headers);
      const answer = await api.app.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
      return { status: answer.statusCode, json: answer.body === "" ? null : answer.json<unknown>() };
    },
  };
}

/** The head of an answer that may have no end; what a refusal says, too. */
async function headOf(url: string, headers: Record<string, string>): Promise<Answer> {
  const leave = new AbortController();
  const answer = await fetch(url, { headers, signal: leave.signal });
  const json = answer.ok ? null : ((await answer.json()) as unknown);
  leave.abort();
  return { status: answer.status, json };
}
