/** Fleets in the console: a file of devices, approval, a token, a Thing. What happened is asked of other people's clients. */
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { request } from "./support/cloud.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { StateDevice } from "./support/state-device.ts";
import { until } from "./support/until.ts";

interface ParticleDevices {
  readonly body: {
    readonly devices: readonly { readonly id: string; readonly name: string; readonly denied: boolean }[];
    readonly meta: { readonly total: number };
  };
}
interface Particle {
  listDevices(options: object): Promise<ParticleDevices>;
}

const FLEET = "fleet";
const isthmus = new IsthmusProcess();
const devices: StateDevice[] = [];
let firstRun: FirstRun;
let browser: Browser | undefined;

const id = (n: number): string => `e00fce68${n.toString(16).padStart(16, "0")}`;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  browser = await openBrowser();
  await request(firstRun, "POST", "/v1/products", { product: { name: "Fleet", slug: FLEET } });
});

afterAll(async () => {
  for (const device of devices) await device.end();
  await browser?.close();
  await isthmus.dispose();
});

/** The product's devices as Particle's own client lists them. */
async function listed(options: object = {}): Promise<ParticleDevices["body"]> {
  const ParticleApi = createRequire(import.meta.url)("particle-api-js") as new (options: object) => Particle;
  const particle = new ParticleApi({ baseUrl: firstRun.url });
  const query = { product: FLEET, auth: firstRun.accessToken, perPage: 500, ...options };
  return (await particle.listDevices(query)).body;
}

async function chosen(page: Page, name: string): Promise<string> {
  return (await page.getByRole("button", { name }).textContent()) ?? "";
}

test("a file of 300 devices with bad lines in it is imported, and the report says which", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  const stranger = await request(firstRun, "POST", "/v1/products", { product: { name: "Other", slug: "other" } });
  expect(stranger.status).toBe(201);
  await request(firstRun, "POST", "/v1/products/other/devices", { id: id(1_000) });
  const lines = Array.from({ length: 300 }, (_, n) => `${id(n)},Pump ${n},P046-${n},3`);
  lines.splice(10, 0, "not-an-id,Ghost,,");
  lines.splice(20, 0, `${id(1_001)},Pump,,seventy`);
  lines.splice(30, 0, `${id(1_000)},Taken,,`);
  lines.splice(40, 0, `${id(3)},Pump 3 again,,`);
  await page.goto(`/console/devices/import?product=${FLEET}`);
  const file = ["id,name,serial_number,firmware_version", ...lines].join("\r\n");
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "fleet.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
  await page.getByText("304 lines, columns: id, name, serial_number, firmware_version.").waitFor();
  await page.getByRole("button", { name: "Import 304 lines" }).click();
  await page.getByText("304 of 304 lines done.").waitFor();

  expect(await chosen(page, "Imported 3")).toBe("Imported 300");
  expect(await chosen(page, "Invalid")).toBe("Invalid 2");
  expect(await chosen(page, "Not yours")).toBe("Not yours 1");
  await page.getByRole("button", { name: "Invalid 2" }).click();
  await page.getByRole("row", { name: /not-an-id.*24 hexadecimal digits/ }).waitFor();
  await page.getByRole("row", { name: /firmware_version must be a whole number/ }).waitFor();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save report as CSV" }).click();
  expect((await saving).suggestedFilename()).toBe(`import-${FLEET}.csv`);

  const { meta, devices: some } = await listed();
  expect(meta.total).toBe(300);
  expect(some.find((device) => device.id === id(3))?.name).toBe("Pump 3");
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("devices are found, denied and approved together; the others stay as they were", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/devices");
  await page.getByRole("searchbox").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("pump 29");
  await until(() => page.url().includes("q=pump"), "the search in the address");
  await page.getByText("11 of 11").waitFor();
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByText("11 devices denied").waitFor();
  const denied = async (): Promise<number> => (await listed()).devices.filter((device) => device.denied).length;
  expect(await denied()).toBe(11);
  await page.goto(`/console/devices?product=${FLEET}&approval=denied`);
  await page.getByRole("checkbox", { name: "Select Pump 29", exact: true }).check();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("1 device approved").waitFor();
  expect(await denied()).toBe(10);
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a token is shown once, and the device publishes with it until it is revoked", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto(`/console/devices/${id(7)}/registration`);
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = (await page.getByRole("region", { name: "the device token" }).textContent()) ?? "";
  const publish = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${token.trim()}` };
    const body = new URLSearchParams({ name: "level", data: "7" });
    return (await fetch(`${firstRun.url}/v1/devices/events`, { method: "POST", headers, body })).status;
  };
  expect(await publish()).toBe(200);
  await page.reload();
  await page.getByRole("button", { name: "Revoke tokens" }).click();
  expect(await page.content()).not.toContain(token.trim());
  await page.getByRole("dialog").getByRole("button", { name: "Revoke tokens" }).click();
  await page.getByText("1 token revoked").waitFor();
  expect(await publish()).toBe(401);
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a Thing made in the console connects with Microsoft's client, and its state follows", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto(`/console/things?product=${FLEET}`);
  await page.getByRole("button", { name: "Make a Thing" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("north buoy");
  await page.getByRole("textbox", { name: "First state" }).fill('{"light":true}');
  await page.getByRole("button", { name: "Make Thing" }).click();
  const secret = (await page.getByRole("region", { name: "the connection string" }).textContent()) ?? "";
  const device = new StateDevice(firstRun, secret.trim());
  devices.push(device);
  await device.connected();
  await until(() => device.desired["light"] === true, "the first state at the device");
  await device.report({ battery: 88 });
  await page.goto(`/console/things?product=${FLEET}&q=deviceState.battery:88`);
  await page.getByRole("button", { name: "Manage north buoy" }).click();
  await page.getByRole("region", { name: "the state of north buoy" }).getByText('"battery": 88').waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete Thing" }).click();
  await page.getByText("No Thing fits").waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});
