/** One device in the console: what its people do there reaches Microsoft's own device client, and what that does shows there. */
import { readFileSync } from "node:fs";
import { Client, type Message } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

/** As the client's twin is, which its types do not say. */
interface Twin {
  readonly properties: { readonly reported: { update(patch: object, done: (error?: Error) => void): void } };
  on(event: "properties.desired", listener: (desired: Record<string, unknown>) => void): void;
}

const isthmus = new IsthmusProcess();
const leaving: (() => Promise<unknown>)[] = [];
let firstRun: FirstRun;
let device: FleetDevice;
let browser: Browser | undefined;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "fleet");
  [device] = (await makeDevices(firstRun, "fleet", 1)) as [FleetDevice];
  await makeIntegration(firstRun, "fleet", { event: "temp", name: "Temperatures" });
  browser = await openBrowser();
});

afterAll(async () => {
  for (const leave of leaving) await leave();
  await browser?.close();
  await isthmus.dispose();
});

interface Opened {
  readonly page: Page;
  readonly troubles: readonly string[];
  /** Opens a part of the device by its tab. */
  tab(name: string): Promise<void>;
}

async function open(context: { skip(note?: string): never }): Promise<Opened> {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto(`/console/devices/${device.id}`);
  const tabs = page.getByRole("navigation", { name: "Parts of the device" });
  return { page, troubles, tab: (name) => tabs.getByRole("link", { name, exact: true }).click() };
}

/** Microsoft's client, with the connection string as the console shows it. */
async function connect(connectionString: string): Promise<Client> {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  await client.setOptions({ ca: readFileSync(firstRun.localHub.caFile, "utf8") } as never);
  await client.open();
  leaving.push(() => client.close().catch(() => undefined));
  return client;
}

async function answers(method: string): Promise<boolean> {
  const hubs = `/admin/v1/devices/${device.id}/hubs`;
  const { json } = await request(firstRun, "GET", hubs);
  const [hub] = json["hubs"] as { connection_id: string }[];
  const called = await request(firstRun, "POST", `${hubs}/${hub?.connection_id ?? ""}/methods`, { method });
  return called.status === 200;
}

test("before its first event the page says what will make the identity; the event makes it", async (context) => {
  const { page, troubles, tab } = await open(context);
  await page.getByRole("region", { name: "Hubs of the device" }).getByText("Not there yet").waitFor();
  await tab("Identity");
  await page.getByText("The hub has no identity for this device").waitFor();
  const { status } = await request(firstRun, "POST", "/v1/devices/events", { name: "temp", data: "21" }, device.token);
  expect(status).toBe(200);
  await page.getByText("made by Isthmus").waitFor();
  await tab("Messages");
  await page.getByRole("region", { name: "Messages of the device" }).getByText("temp", { exact: true }).waitFor();
  // That there is no identity yet is an answer of 404.
  expect(troubles.filter((trouble) => !trouble.includes("status of 404"))).toEqual([]);
  await page.context().close();
});

test("a device that signs in with the shown key is called, written to and told what is desired", async (context) => {
  const { page, troubles, tab } = await open(context);
  await tab("Keys");
  await page.getByRole("button", { name: "Show the keys" }).click();
  const shown = await page.getByRole("region", { name: "the connection string (primary)" }).textContent();
  const client = await connect(shown ?? "");
  const heard: { readonly body: string; readonly colour: string }[] = [];
  const desired: Record<string, unknown>[] = [];
  client.onDeviceMethod("reboot", (asked, response) => void response.send(202, { heard: asked.payload as object }));
  client.on("message", (message: Message) => {
    heard.push({ body: String(message.data), colour: String(message.properties.getValue("colour")) });
    void client.complete(message);
  });
  const twin = (await client.getTwin()) as unknown as Twin;
  twin.on("properties.desired", (patch) => desired.push(patch));
  await until(() => answers("reboot"), "a method that is answered");

  await tab("Direct method");
  await page.getByRole("textbox", { name: "Method" }).fill("reboot");
  await page.getByRole("textbox", { name: "Payload" }).fill('{"delay": 3}');
  await page.getByRole("button", { name: "Call the method" }).click();
  await page.getByText("The device answered 202").waitFor();
  const answer = await page.getByRole("region", { name: "the answer’s payload" }).textContent();
  expect(JSON.parse(answer ?? "")).toEqual({ heard: { delay: 3 } });

  await tab("Cloud-to-device");
  await page.getByRole("textbox", { name: "Body" }).fill("hello");
  await page.getByRole("textbox", { name: "Properties" }).fill("colour=red");
  await page.getByRole("button", { name: "Send the message" }).click();
  await page.getByText("The hub has the message").waitFor();
  await until(() => heard.length > 0, "the message");
  expect(heard).toEqual([{ body: "hello", colour: "red" }]);

  await tab("Twin");
  const editor = page.getByRole("textbox", { name: "Desired properties" });
  await editor.fill('{"lamp": {"on": ');
  await page.getByText("This is no JSON yet").waitFor();
  await editor.fill('{"lamp": {"on": true}}');
  await page.getByRole("region", { name: "What will change" }).getByText("desired.lamp.on").waitFor();
  await page.getByRole("button", { name: "Write 1 change to the hub" }).click();
  await until(() => desired.some(({ lamp }) => JSON.stringify(lamp) === '{"on":true}'), "what is desired");

  await new Promise<void>((resolve, reject) => {
    twin.properties.reported.update({ lamp: { lit: "brightly" } }, (error) => (error ? reject(error) : resolve()));
  });
  await page.getByRole("region", { name: "Reported properties" }).getByText("lamp.lit").waitFor();
  await page.getByText("by admin@isthmus.local").first().waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("an edit that somebody else overtook shows what changed meanwhile, and goes on top of it", async (context) => {
  const { page, troubles, tab } = await open(context);
  await tab("Twin");
  const tags = page.getByRole("textbox", { name: "Tags" });
  await tags.fill('{"site": "north"}');
  const { json } = await request(firstRun, "GET", `/admin/v1/devices/${device.id}/hubs`);
  const [hub] = json["hubs"] as { connection_id: string }[];
  const path = `/admin/v1/devices/${device.id}/hubs/${hub?.connection_id ?? ""}/twin`;
  await request(firstRun, "PATCH", path, { tags: { floor: 3 } });
  await page.getByRole("button", { name: "Write 1 change to the hub" }).click();
  await page.getByRole("region", { name: "What changed meanwhile" }).getByText("tags.floor").waitFor();
  await page.getByRole("button", { name: "Write 1 change to the hub" }).click();
  await page.getByText("The twin is written.").waitFor();
  expect((await request(firstRun, "GET", path)).json["tags"]).toEqual({ site: "north", floor: 3 });
  // That it was overtaken is an answer of 412.
  expect(troubles.filter((trouble) => !trouble.includes("status of 412"))).toEqual([]);
  await page.context().close();
});
