/** One integration in the console: what is wrong with it is found and mended there, as its owner would, and a hub's own client sees it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { HubReader, type ReadEvent } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let device: FleetDevice;
let reader: HubReader;
let browser: Browser | undefined;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "fleet");
  [device] = (await makeDevices(firstRun, "fleet", 1)) as [FleetDevice];
  reader = new HubReader(firstRun);
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await reader?.close();
  await isthmus.dispose();
});

async function publish(name: string, data: string): Promise<void> {
  const { status } = await request(firstRun, "POST", "/v1/devices/events", { name, data }, device.token);
  expect(status).toBe(200);
}

async function ledger(id: string): Promise<Record<string, number>> {
  const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${id}/ledger`);
  return json["ledger"] as Record<string, number>;
}

/** Messages of events with this name, in the order in which the hub has them. */
function arrived(name: string): readonly ReadEvent[] {
  return reader.events.filter(({ properties }) => properties["event"] === name);
}

interface Opened {
  readonly page: Page;
  readonly troubles: readonly string[];
}

async function open(context: { skip(note?: string): never }, path: string): Promise<Opened> {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto(`/console${path}`);
  return { page, troubles };
}

test("a wrong key is found and mended from the console alone, and what waited goes out in order", async (context) => {
  needed(browser, context);
  const wrong = Buffer.alloc(32, 7).toString("base64");
  const settings = { event: "mend", name: "Mend me", policy_name: "iothubowner", policy_key: wrong };
  const id = await makeIntegration(firstRun, "fleet", settings);
  for (const data of ["0", "1", "2"]) await publish("mend", data);

  const { page, troubles } = await open(context, `/integrations/${id}`);
  await page.getByRole("heading", { level: 1, name: "Mend me" }).waitFor();
  await page.getByRole("status", { name: "State of the integration" }).getByText("Failing").waitFor();
  await page.getByRole("alert").getByText("3 events wait; none is lost").waitFor();
  await page.getByRole("link", { name: "Give a new key" }).click();

  const key = page.getByRole("textbox", { name: "Shared policy key" });
  await key.fill(Buffer.alloc(32, 8).toString("base64"));
  await page.getByRole("button", { name: "Check and save" }).click();
  await page.getByText("Not saved: the check failed").waitFor();
  expect(await ledger(id)).toMatchObject({ pending: 3 });

  await key.fill(/SharedAccessKey=(.*)$/.exec(firstRun.localHub.connectionString)![1]!);
  await page.getByRole("button", { name: "Check and save" }).click();
  // The page shows it by itself.
  await page.getByRole("status", { name: "State of the integration" }).getByText("Healthy").waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("link", { name: "3 delivered deliveries" }).waitFor();
  await reader.reads(() => arrived("mend").length === 3, "the events that waited");
  expect(arrived("mend").map(({ body }) => body["data"])).toEqual(["0", "1", "2"]);
  expect(await page.content()).not.toContain(wrong);
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a parked event is found by its cause, edited and sent", async (context) => {
  needed(browser, context);
  const id = await makeIntegration(firstRun, "fleet", { event: "park", json: '{"t":{{t}}}' });
  await publish("park", "no JSON");
  await until(async () => (await ledger(id))["parked"] === 1, "the event to be parked");

  const { page, troubles } = await open(context, `/integrations/${id}/failures`);
  await page.getByText("Template failed").waitFor();
  await page.getByRole("link", { name: "1 event parked" }).click();
  await page.getByRole("link", { name: /^Delivery \d+: park$/ }).click();
  await page
    .getByRole("region", { name: /^Delivery/ })
    .getByText("not valid JSON")
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Edit and retry…" }).click();
  await page.getByRole("textbox", { name: "Data" }).fill('{"t":7}');
  await page.getByRole("button", { name: "Send the copy" }).click();
  await page
    .getByRole("region", { name: /^Delivery/ })
    .getByText("delivered", { exact: true })
    .waitFor();
  await reader.reads(() => arrived("park").length === 1, "the copy");
  expect(arrived("park")[0]?.body).toEqual({ t: 7 });
  expect(await ledger(id)).toMatchObject({ parked: 0, delivered: 1, expired: 1 });
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("TEST shows that the message arrived, for an integration of one device too", async (context) => {
  needed(browser, context);
  const own = "00112233445566778899aabb";
  await request(firstRun, "POST", "/v1/devices", { id: own });
  const { json } = await request(firstRun, "POST", "/v1/integrations", {
    integration_type: "AzureIotHub",
    event: "single",
    hub_name: "local",
    deviceID: own,
  });
  const { page, troubles } = await open(context, `/integrations/${String(json["id"])}`);
  await page.getByText("Nothing was sent yet").waitFor();
  await page.getByRole("button", { name: "TEST" }).click();
  await page.getByRole("textbox", { name: "Data" }).fill("from the console");
  await page.getByRole("button", { name: "Run the test" }).click();
  const result = page.getByRole("status", { name: "Result of the test" });
  await result.getByText("The test passed").waitFor();
  await result.getByText(/It arrived: read back from the hub, partition \d, sequence number \d+/).waitFor();
  await reader.reads(() => arrived("single").length === 1, "the test's message");
  expect(arrived("single")[0]?.body).toMatchObject({ data: "from the console", device_id: own });
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("an integration that is not there says so; one that has events is deleted only by its name", async (context) => {
  needed(browser, context);
  const id = await makeIntegration(firstRun, "fleet", { event: "gone", name: "To delete", disabled: true });
  await publish("gone", "waits");
  const { page } = await open(context, `/integrations/${id}/settings`);
  await page.getByText("1 event waits and 0 are parked").waitFor();
  await page.getByRole("button", { name: "Delete the integration…" }).click();
  const remove = page.getByRole("button", { name: "Delete it and give up 1 event" });
  expect(await remove.isDisabled()).toBe(true);
  await page.getByRole("textbox", { name: "Type To delete to go on" }).fill("To delete");
  await remove.click();
  await page.getByRole("heading", { level: 1, name: "Integrations" }).waitFor();
  expect((await request(firstRun, "GET", `/admin/v1/integrations/${id}`)).status).toBe(404);
  await page.goto(`/console/integrations/${id}`);
  await page.getByRole("heading", { level: 1, name: "There is no such integration" }).waitFor();
  await page.context().close();
});
