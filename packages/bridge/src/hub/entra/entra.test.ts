/** The registry by Microsoft Entra: Microsoft's library against a stand-in for its token endpoint, and a hub that reads the bearer. */
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { HubClient } from "../../core/hub-client.ts";
import type { EntraCredential } from "../../core/integration.ts";
import { createHubs } from "../hubs.ts";
import { makeTestCertificate } from "../testing/certificate.ts";
import { entraRefusal, startEntraStandIn, TENANT, tokenAnswer } from "../testing/entra-stand-in.ts";
import type { EntraStandIn } from "../testing/entra-stand-in.ts";
import { CONNECTION, SILENT_LOG } from "../testing/hub-under-test.ts";
import { startRestStandIn } from "../testing/rest-stand-in.ts";
import type { RestAnswer, RestStandIn } from "../testing/rest-stand-in.ts";
import type { EntraOptions } from "./entra-credential.ts";

const SECRET = "canary~of.the-client_secret";
const APPLICATION: EntraCredential = {
  kind: "client_secret",
  tenantId: TENANT,
  clientId: "6d1f6a7c-13f3-4b7a-8f0d-0a7b6a1f2c3d",
  clientSecret: SECRET,
};
const TWIN: RestAnswer = { status: 200, body: "{}" };
const UNAUTHORIZED: RestAnswer = {
  status: 401,
  headers: { "iothub-errorcode": "IotHubUnauthorizedAccess" },
  body: JSON.stringify({ Message: "ErrorCode:IotHubUnauthorizedAccess;Unauthorized" }),
};

interface Setting {
  readonly client: HubClient;
  readonly hub: RestStandIn;
  readonly entra: EntraStandIn;
  readonly clock: { now: number };
}

async function start(
  credential: EntraCredential,
  { answer = () => tokenAnswer("t1"), ...options }: { answer?: EntraStandIn["answer"] } & EntraOptions = {},
): Promise<Setting> {
  const entra = await startEntraStandIn(answer);
  const certificate = makeTestCertificate();
  const hub = await startRestStandIn(certificate, () => TWIN);
  const clock = { now: Date.now() };
  const { authority, ca } = entra;
  const endpoint = {
    hostName: "localhost",
    httpsPort: hub.port,
    amqpsPort: 9,
    ca: certificate.ca,
    allowPrivate: true,
  };
  const client = createHubs({
    endpointOf: () => endpoint,
    now: () => clock.now,
    log: SILENT_LOG,
    entra: { authority, ca, ...options },
  }).open({ ...CONNECTION, entra: credential });
  onTestFinished(async () => {
    await client.close();
    await hub.close();
  });
  return { client, hub, entra, clock };
}

const bearers = ({ requests }: RestStandIn): unknown[] => requests.map(({ headers }) => headers["authorization"]);

test("an application asks the registry with its token, which is asked for once", async () => {
  const { client, hub, entra } = await start(APPLICATION);
  const answers = await Promise.all([client.getTwin("a"), client.getTwin("b"), client.patchDesired("a", { x: 1 })]);
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
  expect(bearers(hub)).toEqual(["Bearer t1", "Bearer t1", "Bearer t1"]);
  expect(entra.asked).toHaveLength(1);
  expect(Object.fromEntries(entra.asked[0]!)).toMatchObject({
    grant_type: "client_credentials",
    scope: "https://iothubs.azure.net/.default",
    client_id: APPLICATION.kind === "client_secret" ? APPLICATION.clientId : "",
    client_secret: SECRET,
  });
});

test("a workload shows the token that its platform projects into a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "workload-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const federatedTokenFile = join(folder, "token");
  writeFileSync(federatedTokenFile, "projected.by.the-platform");
  const workload: EntraCredential = { kind: "workload_identity", tenantId: TENANT, clientId: "a-workload" };
  const { client, hub, entra } = await start(workload, { federatedTokenFile });
  expect(await client.getTwin("a")).toMatchObject({ ok: true });
  expect(bearers(hub)).toEqual(["Bearer t1"]);
  expect(entra.asked[0]!.get("client_assertion")).toBe("projected.by.the-platform");
});

test.each([
  [7000215, "entra_refused", "the client secret is wrong"],
  [7000222, "entra_refused", "the client secret has expired"],
  [700016, "entra_refused", "the tenant has no such application"],
  [90002, "entra_refused", "there is no such tenant"],
  [999999, "entra_refused", "for a reason that its documentation tells under this number"],
])("AADSTS%i is named as %s: %s", async (number, code, words) => {
  const { client, hub } = await start(APPLICATION, { answer: () => entraRefusal(number, `Given: '${SECRET}'.`) });
  const answer = await client.getTwin("a");
  expect(answer).toEqual({
    ok: false,
    failure: { code, message: `Microsoft Entra gave no token: ${words}.`, hubCode: `AADSTS${number}` },
  });
  expect(hub.requests).toEqual([]);
});

test("a refusal is not asked for again by every device, and ends by itself", async () => {
  const { client, hub, entra, clock } = await start(APPLICATION, { answer: () => entraRefusal(7000222) });
  for (let i = 0; i < 5; i++) expect(await client.getTwin("a")).toMatchObject({ ok: false });
  expect(entra.asked).toHaveLength(1);
  entra.answer = () => tokenAnswer("t2");
  clock.now += 20_000;
  expect(await client.getTwin("a")).toMatchObject({ ok: true });
  expect(bearers(hub)).toEqual(["Bearer t2"]);
});

test("an endpoint that cannot be reached is no wrong credential", async () => {
  const { client } = await start(APPLICATION, { authority: "https://localhost:1" });
  expect(await client.getTwin("a")).toMatchObject({
    ok: false,
    failure: { code: "entra_unreachable", message: expect.not.stringContaining(SECRET) as string },
  });
});

test("a hub that refuses the token says that the role is missing", async () => {
  const { client, hub } = await start(APPLICATION);
  hub.answer = () => UNAUTHORIZED;
  expect(await client.createIdentity("a")).toMatchObject({
    ok: false,
    failure: { code: "entra_role_missing", hubCode: "IotHubUnauthorizedAccess" },
  });
});

test("other refusals of the hub are told as they are", async () => {
  const { client, hub } = await start(APPLICATION);
  hub.answer = () => ({ status: 429, headers: { "iothub-errorcode": "ThrottlingException" } });
  expect(await client.createIdentity("a")).toMatchObject({ ok: false, failure: { code: "throttled" } });
});

test("new settings bring another credential, or the policy's key again", async () => {
  const { client, hub, entra } = await start(APPLICATION);
  await client.getTwin("a");
  entra.answer = () => tokenAnswer("t2");
  client.renew({ ...CONNECTION, entra: { ...APPLICATION, clientId: "another" } as EntraCredential });
  await client.getTwin("a");
  client.renew(CONNECTION);
  await client.getTwin("a");
  expect(bearers(hub)).toEqual(["Bearer t1", "Bearer t2", expect.stringMatching(/^SharedAccessSignature /)]);
});
