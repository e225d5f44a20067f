import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER = Buffer.alloc(32, 8).toString("base64");
const HUB = "my-hub.azure-devices.net";
const POLICY = `HostName=${HUB};SharedAccessKeyName=isthmus;SharedAccessKey=${KEY}`;
const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "my-hub", policy_name: "p", policy_key: KEY };
const APPLICATION = {
  credential: "client_secret",
  tenant_id: "72f988bf-86f1-41af-91ab-2d7cd011db47",
  client_id: "1950a258-227b-4e31-a9cf-717495945fc2",
};

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token } = await api.account("ada"));
});

afterEach(() => api.app.close());

async function call(method: "GET" | "POST" | "PUT", url: string, body?: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
  for (const secret of [KEY, OTHER, "s3cr~t"]) expect(answer.body).not.toContain(secret);
  const json = answer.json<Record<string, unknown>>();
  return answer.statusCode < 300 ? json : { status: answer.statusCode, error: json["error"] };
}

async function make(fields: object): Promise<string> {
  const made = await call("POST", "/v1/integrations", fields);
  expect(made).toMatchObject({ ok: true });
  return String(made["id"]);
}

const stored = async (id: string): Promise<object> => (await api.directory.connection(`connection-${id}`))!;
const refused = (error: string): object => ({ status: 400, error });

test.each([
  ["hub_name", { hub_name: POLICY }],
  ["policy_key", { policy_key: POLICY }],
  ["policy_key, beside what it says too", { hub_name: "my-hub", policy_name: "isthmus", policy_key: ` ${POLICY} ` }],
])("a policy's connection string pasted as %s is taken apart", async (_field, fields) => {
  const id = await make({ integration_type: "AzureIotHub", event: "t", ...fields });
  expect(await stored(id)).toMatchObject({ hostName: HUB, policyName: "isthmus", policyKey: KEY });
});

test("the secondary key may be pasted as a connection string too", async () => {
  const id = await make({ ...AZURE, policy_name: "isthmus", secondary_policy_key: POLICY.replace(KEY, OTHER) });
  expect(await stored(id)).toMatchObject({ policyKey: KEY, secondaryKey: OTHER });
});

test.each([
  [
    "another hub's",
    { hub_name: "other", policy_key: POLICY },
    "policy_key is a connection string with another hub_name",
  ],
  [
    "another policy's",
    { policy_name: "other", policy_key: POLICY },
    "policy_key is a connection string with another policy_name",
  ],
  [
    "a device's",
    { policy_key: `HostName=${HUB};DeviceId=d;SharedAccessKey=${KEY}` },
    "policy_key is a connection string of a device: give that of a shared access policy, or its key alone",
  ],
  [
    "the event endpoint's",
    { policy_key: `Endpoint=sb://x/;SharedAccessKeyName=p;SharedAccessKey=${KEY};EntityPath=e` },
    "policy_key is a connection string of the Event Hubs-compatible endpoint: give that of a shared access policy, or its key alone",
  ],
  [
    "half a",
    { hub_name: `HostName=${HUB};SharedAccessKeyName=isthmus` },
    "hub_name is a connection string that is not whole: give that of a shared access policy, or its key alone",
  ],
])("%s connection string is refused with what to give instead", async (_whose, fields, error) => {
  expect(await call("POST", "/v1/integrations", { ...AZURE, ...fields })).toEqual(refused(error));
});

test("the second key is write-only: masked or absent keeps it, empty removes it", async () => {
  const id = await make({ ...AZURE, secondary_policy_key: OTHER });
  const url = `/v1/integrations/${id}`;
  const shown = (await call("GET", url))["integration"];
  expect(shown).toMatchObject({ policy_key: "********", secondary_policy_key: "********" });
  for (const secondary_policy_key of [undefined, null, "********"]) {
    await call("PUT", url, { ...AZURE, secondary_policy_key });
    expect(await stored(id)).toMatchObject({ secondaryKey: OTHER });
  }
  const { integration } = await call("PUT", url, { ...AZURE, secondary_policy_key: "" });
  expect(integration).not.toHaveProperty("secondary_policy_key");
  expect(await stored(id)).toMatchObject({ policyKey: KEY, secondaryKey: null });
});

test("an Entra application's secret is write-only, and kept for that application alone", async () => {
  const id = await make({ ...AZURE, entra: { ...APPLICATION, client_secret: "s3cr~t" } });
  const url = `/v1/integrations/${id}`;
  expect((await call("GET", url))["integration"]).toMatchObject({
    entra: { ...APPLICATION, client_secret: "********" },
  });
  for (const entra of [undefined, APPLICATION, { ...APPLICATION, client_secret: "********" }])
    expect(await call("PUT", url, { ...AZURE, entra })).toMatchObject({ integration: { entra: APPLICATION } });
  expect(await stored(id)).toMatchObject({ entra: { kind: "client_secret", clientSecret: "s3cr~t" } });
  const other = { ...APPLICATION, client_id: "another-one" };
  expect(await call("PUT", url, { ...AZURE, entra: other })).toEqual(refused("entra.client_secret is required"));
  const { integration } = await call("PUT", url, { ...AZURE, entra: null });
  expect(integration).not.toHaveProperty("entra");
  expect(await stored(id)).toMatchObject({ entra: null });
});

test.each([
  ["a text", "managed_identity", "entra must be an object"],
  ["no kind", {}, "entra.credential must be one of managed_identity, workload_identity, client_secret"],
  ["no tenant", { credential: "client_secret", client_id: "c" }, "entra.tenant_id is required"],
  ["no client", { credential: "client_secret", tenant_id: "t" }, "entra.client_id is required"],
  ["no secret", APPLICATION, "entra.client_secret is required"],
  [
    "a path as tenant",
    { ...APPLICATION, tenant_id: "../x", client_secret: "s" },
    "entra.tenant_id is not one of Microsoft Entra's",
  ],
  [
    "an identity that is not open",
    { credential: "managed_identity" },
    "entra: managed_identity is this server's own identity, which its operator has not opened: ISTHMUS_ENTRA_IDENTITY=on does",
  ],
])("an Entra credential with %s is refused", async (_fault, entra, error) => {
  expect(await call("POST", "/v1/integrations", { ...AZURE, entra })).toEqual(refused(error));
});

test("the server's own identity may be used where the operator opened it", async () => {
  api.world.entraIdentity = true;
  const id = await make({ ...AZURE, entra: { credential: "managed_identity" } });
  expect(await stored(id)).toMatchObject({ entra: { kind: "managed_identity", clientId: null } });
  const workload = { credential: "workload_identity", tenant_id: "t", client_id: "c" };
  expect(await call("PUT", `/v1/integrations/${id}`, { ...AZURE, entra: workload })).toMatchObject({
    integration: { entra: workload },
  });
});

test("an Entra token goes to Azure's hubs alone, also when the hub is changed later", async () => {
  const entra = { ...APPLICATION, client_secret: "s3cr~t" };
  const error =
    "entra: a Microsoft Entra token is given to hubs of Azure only (names that end in azure-devices.net, .us or .cn)";
  expect(await call("POST", "/v1/integrations", { ...AZURE, hub_name: "local", entra })).toEqual(refused(error));
  const id = await make({ ...AZURE, entra });
  expect(await call("PUT", `/v1/integrations/${id}`, { ...AZURE, hub_name: "local" })).toEqual(refused(error));
  expect(await stored(id)).toMatchObject({ hostName: HUB });
});
