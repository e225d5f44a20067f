import { afterEach, beforeEach, expect, test } from "vitest";
import { hubSettings } from "../api/testing/integration-samples.ts";
import { createTestApi } from "../api/testing/test-api.ts";
import type { TestApi } from "../api/testing/test-api.ts";
import { runCli } from "./run-cli.ts";

const DEVICE = "0123456789abcdef01234567";

let api: TestApi;
let url: string;
let token: string;
let accountId: string;

beforeEach(async () => {
  api = createTestApi();
  url = await api.listen();
  ({ token, id: accountId } = await api.account("ada"));
  await api.directory.claimDevice(accountId, DEVICE);
});

afterEach(() => api.app.close());

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: { ISTHMUS_URL: url, ISTHMUS_TOKEN: token },
    signal: new AbortController().signal,
    now: () => api.world.now,
  });
  return { code, out, err };
}

test("a product's integration is found by its id alone, and one that is nowhere is told so", async () => {
  const product = (await api.directory.createProduct({ ownerId: accountId, name: "W", slug: "w", description: "" }))!;
  const { id } = await api.directory.createIntegration(hubSettings({ kind: "product", productId: product.id }));
  expect((await run("integrations", "test", id)).out).toContain("The test passed.");
  expect((await run("integrations", "show", id)).out).toMatch(/hub +local/);
  const nowhere = await run("integrations", "test", "nothing");
  expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining("neither in your sandbox nor in a product") });
});

test("all options of an integration can be given, and an edit keeps those that it does not name", async () => {
  const settings = "--property unit=C kind={{kind}} --parse-data --daily-cap 500 --device-id-prefix site-";
  const more = "--no-create-identities --content-type application/x --no-name-sync --json";
  const made = await run("integrations", "create", "temp", ...settings.split(" "), ...more.split(" "));
  expect(made.err).toBe("");
  const { id } = JSON.parse(made.out) as { id: string };
  const options = {
    parseData: true,
    dailyCap: 500,
    deviceIdPrefix: "site-",
    createIdentities: false,
    nameSync: "once",
  };
  expect(await api.directory.integration(id)).toMatchObject({
    ...options,
    properties: { unit: "C", kind: "{{kind}}" },
  });
  await run("integrations", "edit", id, "--event", "humidity");
  expect(await api.directory.integration(id)).toMatchObject({
    ...options,
    event: "humidity",
    contentType: "application/x",
  });
  await run("integrations", "edit", id, "--daily-cap", "none", "--property", "", "--device-id-prefix", "");
  expect(await api.directory.integration(id)).toMatchObject({ dailyCap: null, properties: {}, deviceIdPrefix: "" });
  expect((await run("integrations", "edit", id, "--property", "wrong")).code).toBe(2);
});

test("explains which integrations take an event and why the others do not", async () => {
  const scope = { kind: "sandbox", accountId } as const;
  await api.directory.createIntegration(hubSettings(scope, { event: "temp", name: "first" }));
  await api.directory.createIntegration(hubSettings(scope, { event: "hum", name: "second" }));
  const { out } = await run("integrations", "explain", "temp/1", "--device", DEVICE);
  expect(out).toMatch(/first +yes +-/);
  expect(out).toMatch(/second +no +The event's name does not begin with 'hum'/);
});

test("shows what changed settings would have taken, and the message that they make", async () => {
  const scope = { kind: "sandbox", accountId } as const;
  const { id } = await api.directory.createIntegration(hubSettings(scope, { event: "temp" }));
  const at = api.world.now;
  const event = { id: "e1", name: "humidity", data: "60", contentType: "text/plain", deviceId: DEVICE };
  api.world.events = [{ ...event, productId: null, firmwareVersion: null, publishedAt: at, receivedAt: at }];
  const dry = await run("integrations", "dry-run", id, "--event", "hum");
  expect(dry.out).toMatch(/gained +1/);
  expect(dry.out).toContain(`+ e1  humidity  ${DEVICE}`);
  const shown = await run("integrations", "preview", "--template", '{"v":{{{PARTICLE_EVENT_VALUE}}}}', "--data", "60");
  expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(/body +\{"v":60\}/) });
  const failing = await run("integrations", "preview", "--template", '{"v":{{v}}}', "--data", "60");
  expect(failing).toMatchObject({ code: 1, out: expect.stringContaining("No message: The rendered template") });
});
