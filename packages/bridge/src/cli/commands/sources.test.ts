import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../../api/testing/test-api.ts";
import type { TestApi } from "../../api/testing/test-api.ts";
import { runCli } from "../run-cli.ts";

const TOKEN = "0f".repeat(20);

let api: TestApi;
let env: Record<string, string>;
let folder: string;

beforeEach(async () => {
  api = createTestApi();
  const { id, token } = await api.account("ada");
  env = { ISTHMUS_URL: await api.listen(), ISTHMUS_TOKEN: token };
  await api.directory.createProduct({ ownerId: id, name: "W", slug: "weather", description: "" });
  folder = await mkdtemp(join(tmpdir(), "isthmus-cli-"));
});

afterEach(async () => {
  await api.app.close();
  await rm(folder, { recursive: true });
});

async function run(args: string): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(args.split(" "), {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env,
    signal: new AbortController().signal,
    now: () => api.world.now,
  });
  return { code, out, err };
}

test("a stream is made with the token from a file, listed, shown with its gaps, changed and deleted", async () => {
  const file = join(folder, "token");
  await writeFile(file, `${TOKEN}\n`);
  const P = "--product weather";
  expect((await run(`sources list ${P}`)).out).toMatch(/^No sources/);
  const made = await run(`sources create stream ${P} --particle-product fleet-12 --event temp --token-file ${file}`);
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toMatch(/kind +particle-cloud/);
  expect(made.out).not.toContain(TOKEN);
  const [source] = await api.sources.allSources();
  expect(source).toMatchObject({ particleProduct: "fleet-12", event: "temp", createDevices: true, followEvents: true });
  const id = source!.id;
  expect(await api.sources.sourceSecret(id)).toBe(TOKEN);
  expect((await run(`sources list ${P}`)).out).toContain(id);
  api.sources.gapsOf.set(id, [{ id: 1, beganAt: 0, endedAt: null, reason: "Nothing came." }]);
  expect((await run(`sources show ${id} ${P}`)).out).toMatch(/1970-01-01T00:00:00.000Z +now +Nothing came\./);
  env["ISTHMUS_PARTICLE_TOKEN"] = "1e".repeat(20);
  expect((await run(`sources edit ${id} ${P} --disable --no-create-devices`)).code).toBe(0);
  expect(await api.sources.source(id)).toMatchObject({ disabled: true, createDevices: false, event: "temp" });
  expect(await api.sources.sourceSecret(id)).toBe("1e".repeat(20));
  expect(await run(`sources delete ${id} ${P}`)).toMatchObject({ code: 0, out: "Deleted.\n" });
  expect(await api.sources.allSources()).toEqual([]);
});

test("a webhook's definition is printed once, or written for particle-cli where others cannot read it", async () => {
  const printed = await run("sources create webhook --product weather --event temp --public-url https://hooks.example");
  expect(printed.err).toBe("");
  expect(printed.out).toContain('"X-Isthmus-Secret"');
  expect(printed.out).toContain("https://hooks.example/inbound/v1/");
  const file = join(folder, "webhook.json");
  const written = await run(`sources create webhook --product weather --event temp --out ${file}`);
  expect(written.out).toContain(`particle webhook create ${file}`);
  const definition = JSON.parse(await readFile(file, "utf8")) as { headers: Record<string, string> };
  const secret = definition.headers["X-Isthmus-Secret"]!;
  expect(secret).toMatch(/^[0-9a-f]{40}$/);
  expect(written.out).not.toContain(secret);
  expect((await stat(file)).mode & 0o077).toBe(0);
});

test.each([
  ["sources create mqtt --product weather", 2, "'stream' or 'webhook'"],
  ["sources create stream --product weather", 1, "token is required"],
  ["sources create stream --product weather --token-file /nowhere/at/all", 2, "cannot be read"],
  ["sources create webhook --event temp", 2, "--product"],
  ["sources list --product other", 1, "Product not found"],
])("%s ends with %d and says why", async (args, code, message) => {
  const ran = await run(args);
  expect(ran.code).toBe(code);
  expect(ran.err).toContain(message);
});
