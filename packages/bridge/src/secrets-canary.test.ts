/**
 * Unusual secrets are put in wherever the server takes any, and then it is used, well and badly: none of them may come out
 * again, in answers, errors, logs, metrics and the API's description, nor lie in clear in the data folder.
 */
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { hashPassword } from "./api/password.ts";
import { startBridge } from "./bridge.ts";
import { readConfig } from "./config.ts";

const base64 = (text: string): string => Buffer.from(text.padEnd(32, ".")).toString("base64");
const SECRETS = {
  policyKey: base64("canary-primary"),
  wrongKey: base64("canary-wrong"),
  secondaryKey: base64("canary-secondary"),
  clientSecret: "canary~client.secret_1",
  hookPassword: "canary-hook-password",
  hookHeader: "canary-hook-header",
  echoPassword: "canary-echo-password",
  echoHeader: "canary-echo header",
  echoQuery: "canary/echo?query",
  echoForm: "canary+echo&form",
  sourceToken: "canary0123456789abcdef0123456789abcdef01",
  password: "canary open sesame",
} as const;
const DEVICE = "0123456789abcdef01234567";
const ENTRA = { credential: "client_secret", tenant_id: "tenant", client_id: "client" };
const HUB = {
  integration_type: "AzureIotHub",
  event: "t",
  hub_name: "localhost",
  policy_name: "isthmus",
  policy_key: SECRETS.policyKey,
  secondary_policy_key: SECRETS.secondaryKey,
};
const HOOK = {
  integration_type: "Webhook",
  event: "t",
  url: "http://localhost:1/in",
  headers: { "x-api-key": SECRETS.hookHeader },
  auth: { username: "hook", password: SECRETS.hookPassword },
};

/** A target that answers with all that it was sent, as many do when something is wrong. */
async function echoingTarget(): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      const basic = Buffer.from((headers.authorization ?? "").slice(6), "base64").toString();
      response.setHeader("x-echo", encodeURI(basic));
      response.end(JSON.stringify({ url, asked: decodeURIComponent(url), headers, basic, body }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}/in`;
}

test("what was given as a secret is never seen again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-canary-"));
  const seen: string[] = [];
  const environment = {
    ISTHMUS_DATA: folder,
    ISTHMUS_PORT: "0",
    ISTHMUS_MQTT_PORT: "off",
    ISTHMUS_HUB_HOSTS: "localhost",
    ISTHMUS_WEBHOOK_HOSTS: "localhost",
    ISTHMUS_SOURCE_HOSTS: "localhost",
    // Nobody listens there: the application's secret is on its way to Entra, and Entra is away.
    ISTHMUS_ENTRA_AUTHORITY: "https://localhost:1",
  };
  const log = pino({ level: "debug" }, { write: (line: string) => void seen.push(line) });
  const bridge = await startBridge({
    config: readConfig(environment, folder),
    log: log as never,
    onFatal: () => expect.unreachable(),
  });
  onTestFinished(async () => {
    await bridge.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const passwordHash = await hashPassword(SECRETS.password);
  const account = (await bridge.store.createAccount({ username: "root", passwordHash, operator: true }))!;
  const token = await bridge.store.createToken({ accountId: account.id, client: "cli", expiresAt: null });

  async function call(method: string, path: string, body?: object): Promise<[number, Record<string, unknown>]> {
    const answer = await fetch(bridge.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    seen.push(text, JSON.stringify([...answer.headers]));
    return [answer.status, text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {}];
  }

  await call("POST", "/v1/devices", { id: DEVICE });
  const [, product] = await call("POST", "/v1/products", { product: { name: "Fleet", slug: "fleet" } });
  expect(product).toHaveProperty("product");
  const [made, hub] = await call("POST", "/v1/integrations", {
    ...HUB,
    entra: { ...ENTRA, client_secret: SECRETS.clientSecret },
  });
  const [hooked, hook] = await call("POST", "/v1/integrations", HOOK);
  const [sourced, source] = await call("POST", "/admin/v1/products/fleet/sources", {
    kind: "particle-cloud",
    base_url: "http://localhost:1",
    token: SECRETS.sourceToken,
  });
  expect([made, hooked, sourced]).toEqual([201, 201, 201]);
  const [echoed, echo] = await call("POST", "/v1/integrations", {
    ...HOOK,
    url: await echoingTarget(),
    headers: { "x-api-key": SECRETS.echoHeader },
    query: { token: SECRETS.echoQuery },
    form: { secret: SECRETS.echoForm },
    auth: { username: "hook", password: SECRETS.echoPassword },
  });
  expect(echoed).toBe(201);
  const echoPath = `/v1/integrations/${String(echo["id"])}`;
  const hubPath = `/v1/integrations/${String(hub["id"])}`;
  const hookPath = `/v1/integrations/${String(hook["id"])}`;

  // Mistakes that hold a secret, because errors like to repeat what they were given.
  const mistakes: readonly (readonly [method: string, path: string, body: object])[] = [
    ["POST", "/v1/integrations", { ...HUB, policy_key: `${SECRETS.wrongKey} with blanks` }],
    ["POST", "/v1/integrations", { ...HUB, policy_key: { key: SECRETS.wrongKey } }],
    ["POST", "/v1/integrations", { ...HUB, hub_name: SECRETS.wrongKey }],
    ["POST", "/v1/integrations", { ...HUB, policy_key: `HostName=x;SharedAccessKey=${SECRETS.wrongKey}` }],
    ["POST", "/v1/integrations", { ...HUB, policy_key: `HostName=x;DeviceId=d;SharedAccessKey=${SECRETS.wrongKey}` }],
    ["POST", "/v1/integrations", { ...HUB, entra: { ...ENTRA, tenant_id: SECRETS.clientSecret } }],
    ["POST", "/v1/integrations", { ...HUB, entra: SECRETS.clientSecret }],
    ["POST", "/v1/integrations", { ...HOOK, auth: SECRETS.hookPassword }],
    ["POST", "/v1/integrations", { ...HOOK, headers: { "x-api-key": [SECRETS.hookHeader] } }],
    ["PUT", hubPath, { ...HUB, event: 7, policy_key: SECRETS.wrongKey }],
    ["POST", "/admin/v1/products/fleet/sources", { kind: "particle-cloud", token: [SECRETS.sourceToken] }],
    ["POST", "/admin/v1/accounts", { username: "x y", password: SECRETS.password }],
    ["PUT", "/v1/user", { current_password: `${SECRETS.password}!`, password: SECRETS.password }],
  ];
  for (const [method, path, body] of mistakes) {
    const [status] = await call(method, path, body);
    expect({ method, path, body, refused: status >= 400 }).toMatchObject({ refused: true });
  }
  await call("POST", `/oauth/token`, { grant_type: "password", username: "root", password: `${SECRETS.password}?` });

  // Everything is used while the hub, the webhook's target, the source and Entra are away.
  await call("POST", "/v1/devices/events", { name: "t", data: "1", as_device_id: DEVICE });
  await call("PUT", hubPath, { ...HUB, policy_key: "********" });
  await expect
    .poll(async () => (await call("GET", `/admin${echoPath}/log`))[1])
    .toMatchObject({
      log: [{ success: true, response: expect.stringContaining("x-api-key") as string }],
    });
  for (const path of [hubPath, hookPath, echoPath]) {
    await call("POST", `${path}/test`, {});
    expect((await call("GET", path))[0]).toBe(200);
  }
  expect((await call("POST", `/admin${hubPath}/doctor`))[0]).toBe(200);
  expect((await call("POST", "/admin/v1/secrets/rotate"))[0]).toBe(200);
  const sourceId = String((source["source"] as { id?: unknown } | undefined)?.id ?? source["id"]);
  for (const path of [
    "/v1/integrations",
    "/v1/webhooks",
    "/admin/v1/connections",
    "/admin/v1/accounts",
    "/admin/v1/products/fleet/sources",
    `/admin/v1/products/fleet/sources/${sourceId}`,
    `/admin${hubPath}/deliveries`,
    `/admin${hookPath}/deliveries`,
    `/admin${echoPath}/deliveries`,
    `/admin${echoPath}/log`,
    `/admin${hubPath}/log`,
    `/admin${hookPath}/failures`,
    `/admin${hubPath}/devices/${DEVICE}/twin`,
    "/metrics",
    "/health/ready",
    "/openapi.json",
  ])
    await call("GET", path);

  const files = (): Buffer[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  expect(seen.length).toBeGreaterThan(50);
  expect(files().some((bytes) => bytes.includes("localhost:1/in"))).toBe(true);
  for (const [name, secret] of Object.entries(SECRETS)) {
    expect({ name, told: seen.filter((text) => text.includes(secret)) }).toEqual({ name, told: [] });
    expect({ name, written: files().filter((bytes) => bytes.includes(secret)).length }).toEqual({ name, written: 0 });
  }
});
