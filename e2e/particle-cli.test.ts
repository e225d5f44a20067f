/** The device cloud's command line, unmodified, does a fleet's chores here: exit codes and what it prints. */
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { request } from "./support/cloud.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { ParticleCli, particleCliMissing, type Ended } from "./support/particle-cli.ts";

const DEVICE = "e00fce681234567890abcdef";
const NEW_DEVICE = "e00fce68ffffffffffffffff";
const FLEET = ["e00fce680000000000000001", "e00fce680000000000000002", "e00fce680000000000000003"] as const;

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let cli: ParticleCli;

beforeAll(async () => {
  if (particleCliMissing !== null) return;
  firstRun = await isthmus.start();
  cli = await ParticleCli.create(firstRun.url);
  await cli.run("login", "--token", firstRun.accessToken);
  await request(firstRun, "POST", "/v1/devices", { id: DEVICE });
  await request(firstRun, "PUT", `/v1/devices/${DEVICE}`, { name: "boiler" });
  await request(firstRun, "POST", "/v1/products", { product: { name: "Greenhouse" } });
});

afterAll(async () => {
  await cli?.dispose();
  await isthmus.dispose();
});

beforeEach((context) => {
  context.skip(particleCliMissing !== null, particleCliMissing ?? "");
});

/** Runs a command that must succeed; what it printed. */
async function particle(...args: readonly string[]): Promise<string> {
  return succeeded(cli, args);
}

async function succeeded(as: ParticleCli, args: readonly string[]): Promise<string> {
  const { code, text } = await as.run(...args);
  expect({ command: args.join(" "), code, text }).toMatchObject({ code: 0 });
  return text;
}

async function refused(...args: readonly string[]): Promise<Ended> {
  const ended = await cli.run(...args);
  expect({ command: args.join(" "), ...ended }).not.toMatchObject({ code: 0 });
  return ended;
}

test("signs in with a password or a token, says who it is, and signs out", async () => {
  const { username, password, accessToken } = firstRun;
  const fresh = await ParticleCli.create(firstRun.url);
  try {
    const guess = await fresh.run("login", "--username", username, "--password", "a guess");
    expect(guess).toMatchObject({ code: 1, text: expect.stringContaining("User credentials are invalid") as string });
    const unknown = await fresh.run("login", "--token", "f".repeat(40));
    expect(unknown).toMatchObject({ code: 1, text: expect.stringMatching(/[Ii]nvalid/) as string });
    const signedIn = await succeeded(fresh, ["login", "--username", username, "--password", password]);
    expect(signedIn).toContain("completed login");
    expect(await succeeded(fresh, ["whoami"])).toContain(username);
    expect(await succeeded(fresh, ["logout"])).toContain(`logged out from ${username}`);
    expect(await fresh.run("whoami")).toMatchObject({ code: 1 });
    expect(await succeeded(fresh, ["login", "--token", accessToken])).toContain("completed login");
    expect(await succeeded(fresh, ["whoami"])).toContain(username);
  } finally {
    await fresh.dispose();
  }
});

test("makes a token and revokes it", async () => {
  const making = cli.start("token", "create", "--expires-in", "3600");
  await making.printed("enter your password");
  making.answer(firstRun.password);
  const { code, text } = await making.ended;
  expect(code).toBe(0);
  const [token] = /\b[0-9a-f]{40}\b/.exec(text) ?? [];
  expect((await request(firstRun, "GET", "/v1/user", undefined, token)).status).toBe(200);
  expect(await particle("token", "revoke", token!)).toContain("Successfully revoked");
  expect((await request(firstRun, "GET", "/v1/user", undefined, token)).status).toBe(401);
  // The command tells of the failure and ends as if there were none: that is its own way.
  expect((await cli.run("token", "revoke", token!)).text).toContain("The access token provided is invalid");
});

test("claims, renames, lists and releases a device", async () => {
  expect(await particle("device", "add", NEW_DEVICE)).toContain(`Successfully claimed device ${NEW_DEVICE}`);
  expect(await particle("device", "rename", NEW_DEVICE, "kettle")).toContain("Successfully renamed");
  expect(await particle("list")).toMatch(new RegExp(`kettle \\[${NEW_DEVICE}\\] .* is offline`));
  const one = await particle("list", "kettle");
  expect(one).toContain(NEW_DEVICE);
  expect(one).not.toContain(DEVICE);
  expect(await particle("device", "remove", "kettle", "--yes")).toContain("Okay!");
  expect(await particle("list")).not.toContain(NEW_DEVICE);
  expect((await refused("device", "rename", NEW_DEVICE, "pot")).text).toMatch(
    /not (yours|recognize)|Permission Denied/,
  );
});

test("fills a product by id and by file, lists it, and takes a device out", async () => {
  const file = await cli.file("ids.txt", [FLEET[0], FLEET[1], "nonsense"].join("\n"));
  const added = await particle("product", "device", "add", "greenhouse", "--file", file);
  expect(added).toMatch(new RegExp(`greenhouse Includes:\\s+${FLEET[0]}\\s+${FLEET[1]}`));
  expect(added).toMatch(/Skipped Invalid IDs:\s+nonsense/);
  expect(await particle("product", "device", "add", "greenhouse", FLEET[2])).toContain(FLEET[2]);
  const listed = await particle("product", "device", "list", "greenhouse");
  for (const id of FLEET) expect(listed).toContain(`[${id}]`);
  await particle("product", "device", "remove", "greenhouse", FLEET[1]);
  expect(await particle("product", "device", "list", "greenhouse")).not.toContain(FLEET[1]);
  expect((await refused("product", "device", "list", "nowhere")).text).toContain("Product not found");
});

test("publishes as an account and in a product", async () => {
  expect(await particle("publish", "temperature", "21")).toContain("Published event: temperature");
  expect(await particle("publish", "temperature", "21", "--product", "greenhouse")).toContain("to product: greenhouse");
  expect((await refused("publish", "particle/mine", "21")).text).toContain("reserved");
});

test("subscribes to everything, to a prefix, to a device and to a product", async () => {
  await particle("product", "device", "add", "greenhouse", FLEET[2]);
  await particle("product", "device", "add", "greenhouse", FLEET[0]);
  const streams = [
    cli.start("subscribe", "--max", "3"),
    cli.start("subscribe", "water/", "--max", "1"),
    cli.start("subscribe", "--device", "boiler", "--until", "60"),
    cli.start("subscribe", "temp", "--product", "greenhouse", "--max", "1"),
    cli.start("subscribe", "--product", "greenhouse", "--device", FLEET[2], "--max", "1"),
  ] as const;
  await Promise.all(streams.map(({ printed }) => printed("\n\n")));
  const say = async (path: string, name: string, data: string, device?: string): Promise<void> => {
    const body = { name, data, ...(device !== undefined && { as_device_id: device }) };
    expect((await request(firstRun, "POST", path, body)).status).toBe(200);
  };
  await say("/v1/devices/events", "temperature", "20");
  await say("/v1/devices/events", "water/level", "40", DEVICE);
  await say("/v1/devices/events", "water/level", "60", DEVICE);
  await say("/v1/products/greenhouse/events", "humidity", "1", FLEET[0]);
  await say("/v1/products/greenhouse/events", "temperature", "2", FLEET[2]);
  const ended = await Promise.all(streams.map((stream) => stream.ended));
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  const heard = ended.map(({ text }) =>
    [...text.matchAll(/^\{.*\}$/gm)].map(([json]) => {
      const { name, data, coreid } = JSON.parse(json) as Record<string, string>;
      return `${name} ${data} ${coreid}`;
    }),
  );
  const [water40, water60] = [`water/level 40 ${DEVICE}`, `water/level 60 ${DEVICE}`];
  expect(heard).toEqual([
    ["temperature 20 api", water40, water60],
    [water40],
    [water40, water60],
    [`temperature 2 ${FLEET[2]}`],
    [`temperature 2 ${FLEET[2]}`],
  ]);
});

test("makes, lists and deletes an integration with an Azure IoT Hub, in the sandbox and in a product", async () => {
  const settings = { event: "temperature", hub_name: "local", integration_type: "AzureIotHub" };
  const file = await cli.file("azure.json", JSON.stringify(settings));
  for (const scope of [[], ["--product", "greenhouse"]]) {
    const created = await particle("integration", "create", file, ...scope);
    const [id] = /[0-9a-f]{24}/.exec(created) ?? [];
    const listed = await particle("integration", "list", "--type", "AzureIotHub", ...scope);
    expect(listed).toContain(`Integration ID ${id} is watching for "temperature"`);
    expect(listed).toContain("type: AzureIotHub");
    expect(await particle("webhook", "list", ...scope)).toContain("Found 0 integrations");
    await particle("integration", "delete", id!, ...scope);
    expect(await particle("integration", "list", ...scope)).toContain("Found 0 integrations");
  }
  const wrong = await cli.file("wrong.json", JSON.stringify({ ...settings, hub_name: "no such hub!" }));
  expect((await refused("integration", "create", wrong)).text).toContain("hub_name");
});

test("makes, lists and deletes webhooks, by both names of the command", async () => {
  const made = await particle("webhook", "create", "temperature", "https://example.com/in");
  const [id] = /[0-9a-f]{24}/.exec(made) ?? [];
  const listed = await particle("webhook", "list");
  expect(listed).toContain(`ID ${id} is watching for "temperature"`);
  expect(listed).toContain("https://example.com/in");
  expect(await particle("integration", "list", "--type", "Webhook")).toContain(String(id));
  await particle("webhook", "delete", id!);
  expect(await particle("webhook", "list")).toContain("Found 0 integrations");
  await particle("integration", "POST", "temperature", "https://example.com/in", "boiler");
  expect(await particle("webhook", "list")).toContain("Found 1 integrations");
});

test("asks a device that is not connected, and says so", async () => {
  expect((await refused("get", "boiler", "level")).text).toContain("The device is not connected");
  expect((await refused("call", "boiler", "open", "wide")).text).toMatch(/call failed|not found/);
});

test("calls a function and reads a variable of a connected device, and lists both", async () => {
  const { json } = await request(firstRun, "POST", `/v1/devices/${DEVICE}/token`);
  const device = await connectAsync(firstRun.mqttUrl, {
    username: DEVICE,
    password: String(json["token"]),
    reconnectPeriod: 0,
  });
  try {
    device.on("message", (topic, payload) => {
      const [, , , kind, , id] = topic.split("/");
      const answer = kind === "functions" ? String(payload.length) : "21.5";
      void device.publishAsync(`devices/${DEVICE}/responses/${id}`, answer, { qos: 1 });
    });
    await device.subscribeAsync(`devices/${DEVICE}/commands/#`, { qos: 1 });
    const description = { functions: ["open"], variables: { level: "double" } };
    await device.publishAsync(`devices/${DEVICE}/describe`, JSON.stringify(description), { qos: 1 });
    expect(await particle("call", "boiler", "open", "wide")).toMatch(/^4$/m);
    expect(await particle("get", "boiler", "level")).toContain("21.5");
    const listed = await particle("list");
    expect(listed).toMatch(/boiler .* is online/);
    expect(listed).toMatch(/Functions:\s+int open \(String args\)/);
    expect(listed).toMatch(/Variables:\s+level \(double\)/);
  } finally {
    await device.endAsync(true);
  }
});
