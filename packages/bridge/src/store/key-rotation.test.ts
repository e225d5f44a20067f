import { randomBytes } from "node:crypto";
import { readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { STATE_DEFAULTS } from "../core/device-state.ts";
import { SecretKeys, type SecretKeySource } from "./secret-keys.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { openStoreDatabase } from "./sqlite/group-runner.ts";
import { temporaryFolder } from "./testing/sqlite-under-test.ts";
import { settings, webhookSettings } from "./testing/store-samples.ts";

const SCOPE = { kind: "product", productId: 1 } as const;
const ENTRA = { kind: "client_secret", tenantId: "t", clientId: "c", clientSecret: "a client secret" } as const;
const KEYS = { policyKey: "cHJpbWFyeQ==", secondaryKey: "c2Vjb25kYXJ5", entra: ENTRA };
const STATE_HUB = { hubName: "h", hostName: "h.azure-devices.net", policyName: "states", policyKey: "c3RhdGVz" };

let folder: string;
let remove: () => void;
let keyFile: string;

beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
  keyFile = join(folder, "secret.key");
});

afterEach(() => remove());

function open(secretKey: SecretKeySource | null = null): Promise<SqliteStore> {
  return openSqliteStore({ folder, secretKey, onFatal: () => expect.unreachable() });
}

/** Makes an integration; gives its id and the one of its connection. */
async function connect(
  store: SqliteStore,
  keys: object,
): Promise<{ readonly id: string; readonly connectionId: string }> {
  const made = await store.createIntegration(settings(SCOPE, keys));
  return { id: made.id, connectionId: made.type === "AzureIotHub" ? made.connectionId : "" };
}

const given = (...keys: readonly string[]): SecretKeySource => ({
  kind: "text",
  text: keys.join(","),
  name: "THE_KEY",
});
const newKey = (): string => randomBytes(32).toString("base64");
const keysInFile = (): readonly string[] => readFileSync(keyFile, "utf8").trim().split("\n");

/** Integrations, a source and an app with secrets of every kind; what reads them all back. */
async function fill(store: SqliteStore): Promise<(store: SqliteStore) => Promise<void>> {
  const first = await connect(store, KEYS);
  const second = await connect(store, { policyKey: "b3RoZXI=" });
  const source = await store.createSource(
    {
      kind: "inbound-webhook",
      productId: 1,
      name: "in",
      disabled: false,
      event: "",
      createDevices: false,
      systemEvents: false,
      fields: {},
    },
    "a source's secret",
  );
  const hookSecrets = { query: {}, form: {}, headers: { "x-key": "a header's secret" }, auth: null };
  const hook = await store.createIntegration(webhookSettings(SCOPE, hookSecrets));
  const eventEndpoint = { endpoint: "Endpoint=sb://x/;SharedAccessKey=an endpoint's secret", name: "x" };
  const states = await store.saveStateSettings(SCOPE, { ...STATE_DEFAULTS, eventEndpoint }, STATE_HUB);
  const app = (await store.createProduct({ ownerId: "a", name: "App", slug: "app", description: "" }))!;
  await store.renewAppSecret(app.id, "an app's secret");
  return async (again) => {
    expect(await again.appSecret(app.id)).toBe("an app's secret");
    expect(await again.stateSettings(SCOPE)).toEqual(states);
    expect(await again.stateConnection(states.hub!.connectionId)).toMatchObject({ policyKey: "c3RhdGVz" });
    expect(await again.webhookSecrets(hook.id)).toEqual(hookSecrets);
    expect(await again.connection(first.connectionId)).toMatchObject(KEYS);
    expect(await again.connection(second.connectionId)).toMatchObject({ policyKey: "b3RoZXI=", secondaryKey: null });
    expect(await again.sourceSecret(source.id)).toBe("a source's secret");
    // What is equal is still recognised as equal.
    const equal = await connect(again, KEYS);
    expect(equal.connectionId).toBe(first.connectionId);
    await again.deleteIntegration(equal.id);
  };
}

function sealedTexts(): unknown[] {
  const db = openStoreDatabase(join(folder, "isthmus.db"));
  const rows = db.prepare("SELECT * FROM hub_connection ORDER BY id").all();
  const sources = db.prepare("SELECT sealed_secret FROM source").all();
  const hooks = db.prepare("SELECT sealed_secrets FROM integration").all();
  const endpoints = db.prepare("SELECT sealed_endpoint FROM state_settings").all();
  const apps = db.prepare("SELECT sealed_secret FROM app_key").all();
  db.close();
  return [...rows, ...sources, ...hooks, ...endpoints, ...apps].flatMap((row) =>
    Object.entries(row).flatMap(([name, value]) => (/sealed|print/.test(name) && value !== null ? [value] : [])),
  );
}

test("no secret stands in the database as it is", async () => {
  const store = await open();
  await fill(store);
  await store.close();
  const bytes = readFileSync(join(folder, "isthmus.db"), "latin1");
  for (const secret of [
    "an app's secret",
    "a source's secret",
    "a header's secret",
    "a client secret",
    "an endpoint's secret",
  ])
    expect(bytes.includes(secret)).toBe(false);
});

test("a rotation seals everything anew, and the old key opens nothing any more", async () => {
  let store = await open();
  const check = await fill(store);
  const [old] = keysInFile();
  await store.close();
  const before = sealedTexts();
  store = await open();
  expect(await store.rotateSecrets()).toBe(7);
  await check(store);
  await store.close();
  expect(keysInFile()).toHaveLength(1);
  expect(keysInFile()).not.toContain(old);
  expect(process.platform === "win32" || (statSync(keyFile).mode & 0o777) === 0o600).toBe(true);
  const after = sealedTexts();
  expect(after).toHaveLength(before.length);
  expect(after.filter((text) => before.includes(text))).toEqual([]);
  store = await open();
  await check(store);
  await store.close();
  writeFileSync(keyFile, old!);
  await expect(open()).rejects.toMatchObject({ code: "secret_key_wrong" });
  await expect(open()).rejects.toThrow(keyFile);
});

test("integrations that are written while a rotation runs are neither lost nor told apart wrongly", async () => {
  const store = await open();
  const check = await fill(store);
  const same = { policyKey: "c2FtZQ==" };
  const made = await Promise.all([
    connect(store, same),
    store.rotateSecrets(),
    connect(store, same),
    store.rotateSecrets(),
    connect(store, same),
  ]);
  const ids = made.flatMap((one) => (typeof one === "object" ? [one.connectionId] : []));
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
  await check(store);
  await store.close();
});

test.each([
  ["the new key was written and nothing sealed with it", false],
  ["everything was sealed anew and the old key not yet forgotten", true],
])("a process that ended when %s goes on at its next start", async (_point, sealed) => {
  let store = await open();
  const check = await fill(store);
  await store.close();
  const [old] = keysInFile();
  if (sealed) {
    store = await open();
    await store.rotateSecrets();
    await store.close();
    writeFileSync(keyFile, `${keysInFile()[0]}\n${old}\n`);
  } else {
    new SecretKeys(keyFile).begin();
  }
  const left = keysInFile();
  expect(left).toHaveLength(2);
  store = await open();
  await check(store);
  await store.close();
  expect(keysInFile()).toEqual([left[0]]);
});

test("an operator's own key takes over from the file's, and follows its changes", async () => {
  let store = await open();
  const check = await fill(store);
  await store.close();
  const [first, second] = [newKey(), newKey()];
  store = await open(given(first));
  await check(store);
  await expect(store.rotateSecrets()).rejects.toMatchObject({ code: "secret_key_not_ours" });
  await check(store);
  await store.close();
  unlinkSync(keyFile);
  for (const key of [given(first), given(second, first), given(second)]) {
    store = await open(key);
    await check(store);
    await store.close();
  }
  await expect(open(given(first))).rejects.toThrow(/another key than THE_KEY/);
});

test("a key file of the operator's must be there, and hold a key", async () => {
  const file = join(folder, "mounted");
  const source = { kind: "file", file, name: "THE_FILE" } as const;
  await expect(open(source)).rejects.toThrow(/THE_FILE names .* not there/);
  writeFileSync(file, "short");
  await expect(open(source)).rejects.toThrow(/256-bit/);
  writeFileSync(file, `${newKey()}\n`);
  const store = await open(source);
  await (
    await fill(store)
  )(store);
  await store.close();
});
