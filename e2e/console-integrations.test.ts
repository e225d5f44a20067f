/** Integrations made in the console: by a newcomer, with a policy that lacks something, with a web address. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { request } from "./support/cloud.ts";
import { HubAdmin } from "./support/hub-admin.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const DEVICE = "e00fce681234567890abc0de";
const TWO_MINUTES = 120_000;

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let browser: Browser | undefined;
let reader: HubReader;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  [browser, reader] = [await openBrowser(), new HubReader(firstRun)];
  await request(firstRun, "POST", "/v1/devices", { id: DEVICE });
});

afterAll(async () => {
  await browser?.close();
  await reader?.close();
  await isthmus.dispose();
});

async function publish(name: string, data: string): Promise<void> {
  const event = { name, data, as_device_id: DEVICE };
  expect(await request(firstRun, "POST", "/v1/devices/events", event)).toMatchObject({ status: 200 });
}

/** Everything that the browser keeps of the page. */
async function kept(page: Page): Promise<string> {
  return String(await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])"));
}

test("a newcomer gets from sign-in to a delivered event in two minutes, with nothing but what is on the screen", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), { url: firstRun.url });
  const began = Date.now();
  await page.goto("/console/");
  await page.getByLabel("Username").fill(firstRun.username);
  await page.getByRole("textbox", { name: "Password" }).fill(firstRun.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  // There is no integration yet: the list leads to the gallery by itself.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Integrations" }).click();
  await page.getByRole("link", { name: "Azure IoT Hub" }).click();
  await page.getByRole("button", { name: "Use the Local Hub" }).click();
  await page.getByRole("textbox", { name: "Event name" }).fill("temp");
  await page.getByText("Takes every event whose name begins with temp").waitFor();
  await page.getByText("all 10 checks are good").waitFor();
  await page.getByRole("region", { name: "the body" }).getByText('"event": "temp"').waitFor();
  await page.getByRole("button", { name: "Enable integration" }).click();
  await page.getByRole("heading", { level: 1, name: "temp for local" }).waitFor();
  await publish("temp/cellar", "21.5");
  await reader.reads((events) => events.some(({ body }) => body["event"] === "temp/cellar"), "the event");
  expect(Date.now() - began).toBeLessThan(TWO_MINUTES);
  const arrived = reader.events.find(({ body }) => body["event"] === "temp/cellar");
  expect(arrived).toMatchObject({
    body: { data: "21.5", device_id: DEVICE },
    systemProperties: { "iothub-connection-device-id": DEVICE },
  });

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Integrations" }).click();
  const row = page.getByRole("row").filter({ hasText: "temp for local" });
  await row.getByRole("link", { name: /^1 sent today/ }).waitFor();
  await row.getByText("Healthy").waitFor();
  await row.getByRole("button", { name: "Last 30 days" }).click();
  await page.getByRole("figure").waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a pasted string fills the form, the permission that its policy lacks is named, and no key stays behind", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  const permissions = ["RegistryRead", "RegistryWrite", "ServiceConnect"];
  const key = await new HubAdmin(firstRun).putPolicy("half", { permissions });
  const host = firstRun.localHub.hostName;
  await page.goto("/console/integrations/new/azure");
  const box = page.getByRole("textbox", { name: "Connection string of a shared access policy" });
  await box.fill(`HostName=${host};DeviceId=cellar;SharedAccessKey=${key}`);
  await page.getByRole("alert").filter({ hasText: "the string of the one device cellar" }).waitFor();
  await box.fill(firstRun.localHub.eventHubConnectionString);
  await page.getByRole("alert").filter({ hasText: "Event Hubs-compatible endpoint" }).waitFor();

  await box.fill(`HostName=${host};SharedAccessKeyName=half;SharedAccessKey=${key}`);
  const policy = page.getByRole("region", { name: "2. Make a policy with the four permissions" });
  const lacking = policy.getByRole("listitem").filter({ hasText: "Device Connect: not right." });
  await lacking.getByText("Give the policy the permission Device Connect").waitFor();
  await policy.getByRole("listitem").filter({ hasText: "Service Connect: good." }).waitFor();
  expect(await page.getByRole("textbox", { name: "Shared policy name" }).inputValue()).toBe("half");
  expect(await page.getByLabel("Shared policy key").inputValue()).toBe(key);
  expect(await box.inputValue()).toBe("");

  await new HubAdmin(firstRun).putPolicy("half", { permissions: [...permissions, "DeviceConnect"] });
  await page.getByRole("button", { name: "Check now" }).click();
  await page.getByText("all 10 checks are good").waitFor();
  await page.getByRole("button", { name: "Go on to the form" }).click();
  await page.getByRole("textbox", { name: "Event name" }).fill("humidity");
  expect(await kept(page)).not.toContain(key);
  await page.getByRole("button", { name: "Enable integration" }).click();
  await page.getByRole("heading", { level: 1, name: "humidity for" }).waitFor();
  expect(await kept(page)).not.toContain(key);
  expect(await page.content()).not.toContain(key);
  await publish("humidity", "60");
  await reader.reads((events) => events.some(({ body }) => body["event"] === "humidity"), "the event");
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a webhook is made with a template and a header, and calls", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  const calls: { readonly key: unknown; readonly body: string }[] = [];
  const target = createServer((call, answer) => {
    let body = "";
    call.on("data", (chunk: Buffer) => (body += chunk.toString()));
    call.on("end", () => {
      calls.push({ key: call.headers["x-api-key"], body });
      answer.end("ok");
    });
  });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  try {
    await page.goto("/console/integrations/new/webhook");
    await page.getByRole("textbox", { name: "Event name" }).fill("door");
    const url = page.getByRole("textbox", { name: "URL" });
    await url.fill("ftp://example.com");
    await page.getByRole("button", { name: "Enable integration" }).click();
    await page.getByText("url must begin with https:// or http://").first().waitFor();
    await url.fill(`http://127.0.0.1:${(target.address() as AddressInfo).port}/in`);
    await page.getByText("JSON", { exact: true }).click();
    await page.getByRole("textbox", { name: "JSON template" }).fill('{"open":{{open}}}');
    await page.getByText("Headers, query, user name and password").click();
    await page.getByRole("button", { name: "Add a line" }).first().click();
    await page.getByRole("textbox", { name: "Headers: name 1" }).fill("X-Api-Key");
    await page.getByRole("textbox", { name: "Headers: value 1" }).fill("s3cret-of-the-door");
    // The made-up event has no such key; data like the door's have.
    await page.getByRole("alert").filter({ hasText: "not valid JSON" }).waitFor();
    await page.getByRole("textbox", { name: "Try it with these data" }).fill('{"open":true}');
    await page.getByText("x-api-key: ********").waitFor();
    await page.getByRole("button", { name: "Enable integration" }).click();
    await page.getByRole("heading", { level: 1, name: "door for 127.0.0.1" }).waitFor();
    await publish("door", '{"open":true}');
    await until(() => calls.length > 0, "the call of the webhook");
    expect(calls[0]).toMatchObject({ key: "s3cret-of-the-door" });
    expect(JSON.parse(calls[0]!.body)).toMatchObject({ open: true, event: "door" });
    expect(await page.content()).not.toContain("s3cret-of-the-door");

    // Changed on its page: the header's secret stays, though nobody sees it.
    await page
      .getByRole("navigation", { name: "Parts of the integration" })
      .getByRole("link", { name: "Settings" })
      .click();
    await page.getByRole("textbox", { name: "JSON template" }).fill('{"closed":{{open}}}');
    await page.getByRole("button", { name: "Save settings" }).click();
    await page.getByText("Saved. It works like that from now on.").waitFor();
    await publish("door", '{"open":false}');
    await until(() => calls.length > 1, "the call of the changed webhook");
    expect(calls[1]).toMatchObject({ key: "s3cret-of-the-door" });
    expect(JSON.parse(calls[1]!.body)).toMatchObject({ closed: false, event: "door" });
    const refusals = troubles.filter((trouble) => !trouble.includes("status of 400"));
    expect(refusals).toEqual([]);
  } finally {
    await new Promise((resolve) => target.close(resolve));
    await page.context().close();
  }
});
