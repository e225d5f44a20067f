import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureRootApp, type AppKeyPair } from "./root-app.ts";
import { openSqliteStore } from "./store/sqlite-store.ts";

interface Start {
  (known: AppKeyPair | null, secret?: string): Promise<AppKeyPair>;
}

/** A start of the server on the same data; and the secret that opens the root app. */
async function open(): Promise<{ readonly start: Start; readonly valid: () => Promise<string | null> }> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-root-app-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = await openSqliteStore({ folder, onFatal: (error) => expect.fail(String(error)) });
  onTestFinished(() => store.close());
  const { id: ownerId } = (await store.createAccount({ username: "ada", passwordHash: "none" }))!;
  return {
    start: (known, secret) => ensureRootApp({ store, ownerId, known, secret: secret ?? null }),
    valid: async () => store.appSecret((await store.rootApp())!.id),
  };
}

test("the root app is made once, and its keys stay what they are", async () => {
  const { start, valid } = await open();
  const keys = await start(null);
  expect(keys).toEqual({ accessKey: "app:para", secretKey: await valid() });
  expect(await start(keys)).toEqual(keys);
  expect(await valid()).toBe(keys.secretKey);
});

test("data that were put back without the file in which the keys stand keep them", async () => {
  const { start, valid } = await open();
  const keys = await start(null);
  expect(await start(null)).toEqual(keys);
  expect(await valid()).toBe(keys.secretKey);
});

test("the operator's secret takes the place of the former one when it is another", async () => {
  const { start, valid } = await open();
  const first = await start(null);
  const chosen = await start(first, "a secret of one's own");
  expect(chosen).toEqual({ accessKey: "app:para", secretKey: "a secret of one's own" });
  expect(await valid()).toBe(chosen.secretKey);
  expect(await start(chosen, chosen.secretKey)).toEqual(chosen);
});
