import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../../api/testing/test-api.ts";
import type { TestApi } from "../../api/testing/test-api.ts";
import { openSqliteStore } from "../../store/sqlite-store.ts";
import { runCli } from "../run-cli.ts";

let api: TestApi;
let url: string;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isthmus-backup-test-"));
  api = createTestApi();
  url = await api.listen();
});

afterEach(async () => {
  await api.app.close();
  await rm(folder, { recursive: true });
});

async function run(token: string, ...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: { ISTHMUS_URL: url, ISTHMUS_TOKEN: token, ISTHMUS_DATA: folder },
    signal: new AbortController().signal,
    now: () => api.world.now,
  });
  return { code, out, err };
}

test("the operator gets all data in a file that nobody else reads; no file is written over", async () => {
  const boss = await api.directory.createAccount({ username: "boss", passwordHash: "", operator: true });
  const token = await api.directory.createToken({ accountId: boss!.id, client: "c", expiresAt: null });
  const file = join(folder, "copy.db");
  const { code, out } = await run(token, "backup", file);
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("secret.key") });
  expect(await readFile(file, "utf8")).toBe("all data");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run(token, "backup", file)).toMatchObject({ code: 2, err: expect.stringContaining("is there already") });
});

test("whoever is no operator gets nothing, and leaves no file", async () => {
  const { token } = await api.account("ada");
  const { code, err } = await run(token, "backup", join(folder, "copy.db"));
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("Only the operator") });
  expect(await readdir(folder)).toEqual([]);
});

test("a data folder is migrated while no server uses it", async () => {
  expect((await run("", "migrate")).err).toContain("[no_data]");
  const store = await openSqliteStore({ folder, onFatal: () => undefined });
  expect((await run("", "migrate")).err).toContain("Another Isthmus uses the data folder");
  await store.close();
  expect((await run("", "migrate")).out).toMatch(/has schema \d+ already/);
});
