/** Keys of apps with the store that keeps them: made once, dead when they are replaced, and when their app ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { newAppSecret } from "../../core/ids.ts";
import { openSqliteStore } from "../../store/sqlite-store.ts";
import { paraClient } from "../testing/para-client.ts";
import type { ParaClient, ParaKeys } from "../testing/para-client.ts";
import { createTestApi } from "../testing/test-api.ts";
import { makeSuperToken } from "./super-token.ts";

let origin: string;
let root: ParaClient;

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-app-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = await openSqliteStore({ folder, onFatal: (error) => expect.fail(String(error)) });
  onTestFinished(() => store.close());
  const api = createTestApi({ directory: store, appKeys: store, thingRecords: store, now: Date.now });
  onTestFinished(() => api.app.close());
  const { id: ownerId } = (await store.createAccount({ username: "ada", passwordHash: "none" }))!;
  const { id } = (await store.createProduct({ ownerId, name: "Root", slug: "para", description: "" }))!;
  const secretKey = newAppSecret();
  await store.setRootApp(id);
  await store.renewAppSecret(id, secretKey);
  origin = await api.app.listen({ host: "127.0.0.1", port: 0 });
  root = as({ accessKey: "app:para", secretKey });
});

function as(keys: ParaKeys): ParaClient {
  return paraClient(origin, keys, Date.now);
}

function isShown(json: unknown): json is ParaKeys {
  return "secretKey" in (json as object);
}

async function made(name: string): Promise<ParaKeys> {
  const { json } = await root("GET", `_setup/${name}`);
  return json as ParaKeys;
}

async function isLetIn(keys: ParaKeys): Promise<boolean> {
  return (await as(keys)("GET", "_me")).status === 200;
}

test("ten that make the same app at once get one pair of keys, which works", async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => root("GET", "_setup/racing")));
  const pairs = answers.map(({ json }) => json).filter(isShown);
  expect(pairs).toHaveLength(1);
  expect(await isLetIn(pairs[0]!)).toBe(true);
});

test("ten that take the root app's keys at once: one is shown them", async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(`${origin}/v1/_setup`)));
  const shown = (await Promise.all(answers.map((answer) => answer.json() as Promise<unknown>))).filter(isShown);
  expect(shown).toHaveLength(1);
  expect(await isLetIn(shown[0]!)).toBe(true);
});

test("new keys end the former ones at once, and their tokens", async () => {
  const former = await made("weather");
  const now = Math.floor(Date.now() / 1000);
  const token = makeSuperToken(former.secretKey, { accessKey: "app:weather", now, expiresAt: now + 600 });
  expect((await as(former)("GET", "_me", { token })).status).toBe(200);
  const present = (await as(former)("POST", "_newkeys")).json as ParaKeys;
  expect(await isLetIn(former)).toBe(false);
  expect((await as(former)("GET", "_me", { token })).status).toBe(401);
  expect(await isLetIn(present)).toBe(true);
});

test("an app that ended takes its keys along: one of the same name made later has others", async () => {
  const former = await made("weather");
  expect((await as(former)("DELETE", "app/app%3Aweather")).status).toBe(200);
  expect((await as(former)("GET", "_me")).status).toBe(404);
  const later = await made("weather");
  expect(await isLetIn(former)).toBe(false);
  expect(await isLetIn(later)).toBe(true);
});
