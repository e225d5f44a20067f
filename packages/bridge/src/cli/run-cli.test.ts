import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../api/testing/test-api.ts";
import type { TestApi } from "../api/testing/test-api.ts";
import type { FeedEvent } from "../core/event-feed.ts";
import { runCli } from "./run-cli.ts";

const DEVICE = "0123456789abcdef01234567";
const KEY = Buffer.alloc(32, 7).toString("base64");

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let api: TestApi;
let url: string;
let token: string;
let folder: string;

beforeEach(async () => {
  api = createTestApi();
  url = await api.listen();
  ({ token } = await api.account("ada"));
  folder = await mkdtemp(join(tmpdir(), "isthmus-cli-"));
});

afterEach(async () => {
  await api.app.close();
  await rm(folder, { recursive: true });
});

function feedEvent(name: string, ownerId: string | null): FeedEvent {
  const times = { publishedAt: api.world.now, receivedAt: api.world.now };
  const event = { id: "e", name, data: "21", contentType: "text/plain", deviceId: DEVICE, productId: null };
  return { event: { ...event, firmwareVersion: null, ...times }, ownerId, productId: null, coreid: DEVICE };
}

async function run(args: string, env: Record<string, string> = {}): Promise<Ran> {
  return runWith({ ISTHMUS_URL: url, ISTHMUS_TOKEN: token, ...env }, args.split(" "));
}

async function runWith(env: Record<string, string>, args: readonly string[], signal?: AbortSignal): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env,
    signal: signal ?? new AbortController().signal,
    now: () => api.world.now,
  });
  return { code, out, err };
}

async function json(args: string): Promise<Record<string, never>> {
  const { code, out, err } = await run(`${args} --json`);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Record<string, never>;
}

test("claims, lists, renames, shows and removes a device", async () => {
  expect(await run("devices list")).toMatchObject({ code: 0, out: expect.stringContaining("No devices of your own") });
  expect(await run(`devices add ${DEVICE}`)).toEqual({ code: 0, out: `${DEVICE} is yours.\n`, err: "" });
  expect((await run(`devices rename ${DEVICE} cellar`)).out).toBe(`${DEVICE} is now called cellar.\n`);
  const { out } = await run("devices list");
  expect(out).toMatch(new RegExp(`ID +NAME +APPROVAL +LAST HEARD`));
  expect(out).toMatch(new RegExp(`${DEVICE}  cellar +-  +never`));
  expect((await run("devices show cellar")).out).toMatch(/last heard +never/);
  expect((await run("devices remove cellar")).code).toBe(0);
  expect(await json("devices list")).toEqual([]);
});

test("a device's token is printed alone, works, and can be revoked", async () => {
  await run(`devices add ${DEVICE}`);
  const deviceToken = (await run(`devices token ${DEVICE}`)).out.trim();
  const published = await run("publish temp 21", { ISTHMUS_TOKEN: deviceToken });
  expect(published.code).toBe(0);
  expect(api.accepted).toMatchObject([{ name: "temp", data: "21", device: { id: DEVICE } }]);
  expect((await run(`devices token ${DEVICE} --revoke`)).out).toBe("Revoked 1.\n");
  expect((await run("publish temp 21", { ISTHMUS_TOKEN: deviceToken })).code).toBe(1);
});

test("publishes as a device of a product", async () => {
  const { product } = await json("products create Weather");
  expect(product).toMatchObject({ slug: "weather" });
  expect((await run(`products add-device weather ${DEVICE}`)).out).toBe("Added or approved 1.\n");
  expect((await run(`publish temp 21 --device ${DEVICE} --product weather`)).out).toBe("Published and on disk.\n");
  expect(api.accepted).toMatchObject([{ device: { id: DEVICE }, productId: product?.["id"] }]);
});

test("says of an event without a device that it reaches no hub", async () => {
  expect((await run("publish temp")).out).toContain("goes to no hub");
});

test("lists products and their devices, and reports ids that could not be added", async () => {
  await run("products create Weather --slug outside");
  const added = await run(`products add-device outside ${DEVICE} nonsense`);
  expect(added).toMatchObject({ code: 1, out: expect.stringContaining("nonsense is not a device id") });
  expect((await run("products list")).out).toMatch(/outside +Weather +now/);
  expect((await run("products show outside")).out).toMatch(/slug +outside/);
  expect((await run("products devices outside")).out).toMatch(new RegExp(`${DEVICE} +- +approved`));
});

test("makes an integration with the key from a file, edits it without the key, and deletes it", async () => {
  const keyFile = join(folder, "key");
  await writeFile(keyFile, `${KEY}\n`);
  const made = await json(`integrations create temp --hub weather-hub --policy particle --key-file ${keyFile}`);
  expect(made).toMatchObject({
    event: "temp",
    hub_name: "weather-hub",
    policy_key: "********",
    name_sync: "continuous",
  });
  const { id } = made;
  const { integration } = await json(`integrations edit ${id} --event humidity --disable --no-name-sync`);
  expect(integration).toMatchObject({ event: "humidity", disabled: true, name_sync: "once", policy_name: "particle" });
  expect(await api.directory.connection(`connection-${id}`)).toMatchObject({ policyKey: KEY });
  expect((await run(`integrations edit ${id} --enable`)).out).toMatch(/enabled +yes/);
  expect((await run("integrations list")).out).toMatch(/humidity +weather-hub +any +yes +3 +1/);
  expect((await run(`integrations show ${id}`)).out).toMatch(/parked +1/);
  expect((await run(`integrations delete ${id}`)).out).toBe("Deleted.\n");
  expect(await json("integrations list")).toEqual([]);
});

test("an integration without a hub goes to the Local Hub, with a template from a file", async () => {
  const template = join(folder, "template.json");
  await writeFile(template, '{ "celsius": "{{{PARTICLE_EVENT_VALUE}}}" }');
  const made = await json(`integrations create temp --template @${template}`);
  expect(made).toMatchObject({ hub_name: "local", json: { celsius: "{{{PARTICLE_EVENT_VALUE}}}" } });
});

test("a failed integration test tells every step and ends with 1", async () => {
  const { id } = await json("integrations create temp");
  expect(await run(`integrations test ${id}`)).toMatchObject({ code: 0, out: expect.stringContaining("passed") });
  api.world.testReport = {
    pass: false,
    failure: { code: "key_refused", message: "The hub refused the key." },
    steps: [{ name: "registry", ok: false, message: "401" }],
    sent: null,
    arrival: null,
  };
  const failed = await run(`integrations test ${id}`);
  expect(failed.code).toBe(1);
  expect(failed.out).toMatch(
    /^failed {2}registry: 401\nThe test failed: The hub refused the key\.\nNext: Copy the policy/,
  );
});

test("lists deliveries with their reasons and retries parked ones", async () => {
  const { id } = await json("integrations create temp");
  const ended = { settledAt: null, nextAttemptAt: null, reason: null, replayId: null };
  const record = { eventId: "e", event: "temp", deviceId: DEVICE, seq: 1, attempts: 2, ...ended };
  const failure = { code: "message_too_large", message: "Too large." } as const;
  const acceptedAt = api.world.now - 7_200_000;
  api.world.deliveries.records = [{ ...record, id: 9, state: "parked", acceptedAt, failure }];
  expect((await run(`deliveries list ${id} --state parked`)).out).toMatch(/parked +2 +2 h ago +message_too_large: Too/);
  expect((await run(`deliveries list ${id} --state delivered`)).out).toBe("No deliveries.\n");
  expect((await run(`deliveries retry ${id}`)).out).toBe("1 will be sent again.\n");
  expect((await run(`deliveries retry ${id} 9 10`)).out).toBe("2 will be sent again.\n");
});

test("shows what ails an integration, gives up and copies deliveries, and replays", async () => {
  const { id } = await json("integrations create temp");
  const { deliveries } = api.world;
  const group = { parked: 3, waiting: 0, seen: 5, firstAt: 0, lastAt: api.world.now - 60_000, sampleId: 4 };
  deliveries.groups = [{ code: "message_too_large", message: "Too large.", ...group }];
  expect((await run(`deliveries failures ${id}`)).out).toMatch(
    /message_too_large +3 +0 +1 min ago +4 +Too large\. Make/,
  );
  expect((await run(`deliveries discard ${id} 4 5 --reason test`)).out).toBe("2 ended as expired.\n");
  expect(deliveries.asked.at(-1)).toEqual(["discard", id, { kind: "ids", ids: [4, 5] }, "test"]);
  expect(await run(`deliveries discard ${id} --reason test`)).toMatchObject({
    code: 2,
    err: expect.stringContaining("--all"),
  });
  expect((await run(`deliveries retry ${id} --code message_too_large`)).code).toBe(0);
  expect(deliveries.asked.at(-1)).toEqual(["retry", id, { kind: "code", code: "message_too_large" }]);
  expect((await run(`deliveries copy ${id} 7`)).code).toBe(1);
  expect((await run(`deliveries replay ${id} --from 2026-03-01 --to 2026-03-02`)).out).toBe(
    "Replay r1 runs beside the live events.\n",
  );
  expect((await run(`deliveries replay ${id}`)).out).toMatch(/r1 +running/);
  expect((await run(`deliveries replay ${id} --cancel r1`)).out).toBe("Cancelled.\n");
});

test("shows messages of a hub as the Azure command line does", async () => {
  await run(`devices add ${DEVICE}`);
  api.world.hubEvents = [
    hubEvent(DEVICE, { data: "21" }),
    hubEvent("somebody-else", {}),
    hubEvent(DEVICE, { data: "22" }),
  ];
  const { out, err, code } = await run("monitor-events --max 2");
  expect(code).toBe(0);
  expect(err).toMatch(/^Reading messages/);
  expect(out).toContain('{\n    "event": {\n        "origin": "0123456789abcdef01234567",\n        "module": "",');
  const compact = await run(`monitor-events ${DEVICE} --max 2 --compact --since 60s`);
  expect(
    compact.out
      .split("\n")
      .slice(0, 2)
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(
    ["21", "22"].map((data) => ({
      event: { origin: DEVICE, module: "", interface: "", component: "", payload: { data } },
    })),
  );
});

test("shows events as they are published, as lines or as JSON", async () => {
  await run(`devices add ${DEVICE}`);
  const subscribed = run("subscribe weather/ --max 2");
  const asJson = run(`subscribe --device ${DEVICE} --max 1 --json`);
  const ownerId = (await api.directory.device(DEVICE))?.ownerId ?? null;
  const publishing = setInterval(() => {
    for (const name of ["other", "weather/now", "weather/later"]) api.feed.publish(feedEvent(name, ownerId));
  }, 20);
  const { out, err, code } = await subscribed;
  const { name, data, coreid } = JSON.parse((await asJson).out) as Record<string, unknown>;
  clearInterval(publishing);
  expect({ code, lines: out.trimEnd().split("\n") }).toEqual({
    code: 0,
    lines: ["now", "later"].map((when) => `2026-03-01T12:00:00.000Z  ${DEVICE}  weather/${when}  21`),
  });
  expect(err).toMatch(/^Events as they/);
  expect({ name, data, coreid }).toEqual({ name: "other", data: "21", coreid: DEVICE });
});

test("Ctrl-C ends the monitor without an error", async () => {
  await run(`devices add ${DEVICE}`);
  api.world.hubEvents = [hubEvent(DEVICE, {})];
  const interrupt = new AbortController();
  const env = { ISTHMUS_URL: url, ISTHMUS_TOKEN: token };
  const running = runCli(["monitor-events"], {
    out: () => interrupt.abort(),
    err: () => undefined,
    env,
    signal: interrupt.signal,
    now: () => api.world.now,
  });
  expect(await running).toBe(0);
});

test("shows a device's twin in the only integration's hub, and asks which when there are several", async () => {
  await run(`devices add ${DEVICE}`);
  expect(await run(`device-twin show ${DEVICE}`)).toMatchObject({
    code: 2,
    err: expect.stringContaining("No integration"),
  });
  const { id } = await json("integrations create temp");
  api.world.twin = { ok: true, value: { properties: { desired: { deviceName: "cellar" } } } };
  expect(await json(`device-twin show ${DEVICE}`)).toMatchObject({ properties: { desired: { deviceName: "cellar" } } });
  await json("integrations create humidity");
  expect(await run(`device-twin show ${DEVICE}`)).toMatchObject({
    code: 2,
    err: expect.stringContaining("--integration"),
  });
  expect((await run(`device-twin show ${DEVICE} --integration ${id}`)).code).toBe(0);
});

test("a refusal is one line with its code and the next step", async () => {
  const refused = await run("devices list", { ISTHMUS_TOKEN: "wrong" });
  expect(refused).toEqual({
    code: 1,
    out: "",
    err: expect.stringMatching(
      /^isthmus: The access token provided is invalid\. \[http_401\] Next: Get a new token[^\n]*\n$/,
    ),
  });
});

test("an error that nobody foresaw is one line too", async () => {
  const env = {
    get ISTHMUS_DATA(): string {
      throw Object.assign(new Error("Port 8080 is taken."), { code: "port_in_use" });
    },
  };
  expect(await runWith(env, ["devices", "list"])).toEqual({
    code: 1,
    out: "",
    err: "isthmus: Port 8080 is taken. [port_in_use]\n",
  });
});

test("an absent server is told as such", async () => {
  await api.app.close();
  const { code, err } = await run("devices list");
  expect(code).toBe(1);
  expect(err).toMatch(/ECONNREFUSED\. \[unreachable\] Next: Start the server/);
});

test("finds address and token in the data folder, and shows that token to no other server", async () => {
  await writeFile(join(folder, "first-run.json"), JSON.stringify({ url, accessToken: token }));
  expect((await runWith({ ISTHMUS_DATA: folder }, ["devices", "list"])).code).toBe(0);
  const elsewhere = await runWith({ ISTHMUS_DATA: folder }, ["devices", "list", "--url", "http://127.0.0.1:9"]);
  expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining("No access token for this server") });
});

test.each([
  ["devices", "list", "--nonsense"],
  ["devices", "add"],
  ["nonsense"],
  ["deliveries", "retry", "some", "word"],
  ["monitor-events", "--max", "few"],
  ["subscribe", "--max", "0"],
  ["monitor-events", "--since", "lately"],
  ["integrations", "create", "temp", "--key-file", "/nowhere/at/all"],
  ["integrations", "create", "temp", "--enable", "--disable"],
  ["devices", "list", "--url", "ftp://example.com"],
])("wrong usage ends with 2: %s %s %s", async (...args) => {
  const { code, out, err } = await runWith({ ISTHMUS_URL: url, ISTHMUS_TOKEN: token }, args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).not.toBe("");
});

test("help names all commands and is no error", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  for (const command of [
    "publish",
    "subscribe",
    "devices",
    "products",
    "integrations",
    "deliveries",
    "monitor-events",
    "device-twin",
  ]) {
    expect(out).toContain(command);
  }
});

test("what devices are called cannot steer the terminal", async () => {
  await run(`devices add ${DEVICE}`);
  await api.directory.updateDevice(DEVICE, { name: "\u001b[2Jgone\nnext" });
  const { out } = await run("devices list");
  expect(out).toContain("·[2Jgone·next");
  expect(out.split("\n")).toHaveLength(3);
});

function hubEvent(deviceId: string, body: unknown): TestApi["world"]["hubEvents"][number] {
  const enqueuedTime = api.world.now;
  return { deviceId, body, properties: {}, systemProperties: {}, partitionId: "0", sequenceNumber: 1, enqueuedTime };
}

test("the operator makes accounts and their passwords, and others are refused", async () => {
  expect((await run("accounts list")).code).toBe(1);
  const { directory } = api;
  const root = (await directory.createAccount({ username: "root", passwordHash: "x", operator: true }))!;
  const operator = await directory.createToken({ accountId: root.id, client: "cli", expiresAt: null });
  const asOperator = { ISTHMUS_TOKEN: operator };
  const made = await run("accounts create grace@example.com", asOperator);
  expect(made.out).toMatch(/^\S{16}\n$/);
  expect((await run("accounts reset-password grace@example.com", asOperator)).out).toMatch(/^\S{16}\n$/);
  expect((await run("accounts list", asOperator)).out).toMatch(
    /grace@example\.com +-[^]*root +operator|root +operator[^]*grace/,
  );
  expect((await run("accounts delete grace@example.com", asOperator)).out).toBe("Deleted.\n");
});

test("an API user's token is printed alone, works within its scopes, and ends with a change", async () => {
  await run("products create Weather");
  expect((await run("api-users list weather")).out).toContain("No API users.");
  const first = (await run("api-users create weather nightly products:list events:get")).out.trim();
  expect((await run("products list", { ISTHMUS_TOKEN: first })).out).toContain("weather");
  expect(await run("devices list", { ISTHMUS_TOKEN: first })).toMatchObject({ code: 1 });
  const { out } = await run("api-users list weather");
  const username = /\S+@api\.particle\.io/.exec(out)![0];
  expect(out).toContain("products:list events:get");
  expect(out).not.toContain(first);
  const second = (await run(`api-users set-scopes weather ${username} products:list`)).out.trim();
  expect((await run("products list", { ISTHMUS_TOKEN: first })).code).toBe(1);
  expect((await run("products list", { ISTHMUS_TOKEN: second })).code).toBe(0);
  expect((await run(`api-users delete weather ${username}`)).code).toBe(0);
  expect((await run("products list", { ISTHMUS_TOKEN: second })).code).toBe(1);
});

test("a command line that is wrong is told in one line with the help that mends it", async () => {
  const { code, out, err } = await run("integrations test");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toBe("isthmus: missing required argument 'id' [usage] Next: isthmus integrations test --help\n");
  expect((await run("integrations lst")).err).toBe(
    "isthmus: unknown command 'lst' (Did you mean list?) [usage] Next: isthmus integrations --help\n",
  );
  expect((await run("--url http://a.example wibble")).err).toBe(
    "isthmus: unknown command 'wibble' [usage] Next: isthmus --help\n",
  );
});

test("with --json failures are JSON too", async () => {
  const { code, out, err } = await run("deliveries list nowhere --json");
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(JSON.parse(err)).toMatchObject({ ok: false, error: "Integration not found", code: "http_404" });
  expect(JSON.parse((await run("devices add --json")).err)).toEqual({
    ok: false,
    error: "missing required argument 'id'",
    code: "usage",
    next_step: "isthmus devices add --help",
  });
});

test.each([
  ["devices show nobody", "Next: See isthmus devices list. For a device of a product add --product PRODUCT.\n"],
  ["things state show nothing", "isthmus products devices PRODUCT or isthmus devices list.\n"],
  ["deliveries list nowhere", "Next: See isthmus integrations list, and with --product PRODUCT those of a product.\n"],
  ["products show nothing", "Next: See isthmus products list.\n"],
])("%s says where to look", async (args, step) => {
  const { code, err } = await run(args);
  expect(code).toBe(1);
  expect(err.endsWith(step)).toBe(true);
});

test("says its version", async () => {
  expect(await run("--version")).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
});

test("previews of an integration in a product need its id only", async () => {
  await run("products create Weather");
  const { id } = await json('integrations create temp --product weather --template {"t":{{t}}}');
  const { code, out } = await run(`integrations preview ${id} --data {"t":2}`);
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('{"t":2}') });
});

test("an edit of a webhook keeps all that is not named, its secrets too", async () => {
  const webhook = {
    event: "temp",
    url: "https://example.com/in",
    requestType: "PUT",
    headers: { "X-Api-Key": "s3cret" },
  };
  const headers = { authorization: `Bearer ${token}` };
  const made = await api.app.inject({ method: "POST", url: "/v1/webhooks", headers, payload: webhook });
  const { id } = made.json<{ id: string }>();
  expect((await run(`integrations edit ${id} --disable`)).code).toBe(0);
  const { out } = await run(`integrations show ${id}`);
  expect(out).toMatch(/request +PUT\n/);
  expect(out).toMatch(/headers +{"X-Api-Key":"\*{8}"}\n/);
  expect(out).toMatch(/enabled +no\n/);
  expect(out).not.toContain("policy");
  expect((await run("integrations list")).out).toContain("https://example.com/in");
  expect((await run(`integrations preview ${id} --data 5`)).out).toMatch(/^request +PUT https:\/\/example\.com\/in\n/);
});
