/** Events and products as a person at the console sees them: published by Particle's client, delivered to Microsoft's. */
import Particle from "particle-api-js";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let browser: Browser | undefined;
let reader: HubReader | undefined;
let device: FleetDevice;
let particle: Particle;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  browser = await openBrowser();
  reader = new HubReader(firstRun);
  particle = new Particle({ baseUrl: firstRun.url });
  await makeProduct(firstRun, "greenhouse");
  [device] = (await makeDevices(firstRun, "greenhouse", 1)) as [FleetDevice];
  await makeIntegration(firstRun, "greenhouse", { event: "temp", name: "Climate" });
  await makeIntegration(firstRun, "greenhouse", { event: "humidity", name: "Wetness" });
});

afterAll(async () => {
  await browser?.close();
  await reader?.close();
  await isthmus.dispose();
});

function publish(name: string, data: string): Promise<unknown> {
  return particle.publishEvent({ name, data, auth: device.token } as never);
}

function heading(page: Page, name: string): Promise<void> {
  return page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
}

test("an event shows up as it comes, and tells which integration took it and why another did not", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/events");
  await page.getByText("Live", { exact: true }).waitFor();
  await publish("temperature", '{"celsius":21.5}');
  const events = page.getByRole("region", { name: "Events" });
  await events.getByRole("link", { name: "temperature" }).click();
  await heading(page, "temperature");
  await page.getByText('"celsius": 21.5').waitFor();

  const taken = page.getByRole("region", { name: "Integrations that took it" });
  await taken.getByRole("link", { name: "Climate" }).waitFor();
  await taken.getByRole("link", { name: "Delivered" }).waitFor();
  await reader!.reads((read) => read.some(({ body }) => body["event"] === "temperature"), "the event in the hub");
  const others = page.getByRole("region", { name: "Integrations that did not take it" });
  await others.getByText("does not begin with 'humidity'").waitFor();
  await others.getByRole("link", { name: "Try in the match lab of Wetness" }).click();
  await page.getByRole("heading", { level: 1, name: "Wetness" }).waitFor();
  await page.goBack();
  await taken.getByRole("link", { name: "Delivered" }).click();
  await page.getByText("temperature").first().waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a held list counts what comes and shows it afterwards; a filter shows what it names, from the store and live", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await publish("soil/moisture", "0.31");
  await page.goto("/console/events");
  const events = page.getByRole("region", { name: "Events" });
  await events.getByRole("link", { name: "soil/moisture" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  for (const n of [1, 2, 3]) await publish(`soil/ph/${n}`, "6.5");
  await page.getByText("Paused: 3 came meanwhile").waitFor();
  expect(await events.getByRole("link", { name: "soil/ph/1" }).count()).toBe(0);
  await page.getByRole("button", { name: "Go on" }).click();
  await events.getByRole("link", { name: "soil/ph/3" }).waitFor();

  await page.getByRole("searchbox", { name: "Name begins with" }).fill("soil/ph/2");
  await page.waitForURL("**/events?prefix=*");
  await events.getByRole("link", { name: "soil/ph/1" }).waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
  await publish("soil/other", "1");
  await publish("soil/ph/2/again", "1");
  await events.getByRole("link", { name: "soil/ph/2/again" }).waitFor();
  expect(await events.getByRole("link", { name: /^soil/ }).allTextContents()).toEqual(["soil/ph/2/again", "soil/ph/2"]);
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("the form publishes as a device, which its integration takes, and as nobody, which none does", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/events");
  await page.getByRole("button", { name: "Publish an event" }).click();
  const form = page.getByRole("form", { name: "Publish an event" });
  await form.getByLabel("Where").selectOption("greenhouse");
  await form.getByLabel("As device").fill(device.id);
  await form.getByLabel("Event name").fill("temp/by-hand");
  await form.getByLabel("Data", { exact: true }).fill("it's 21°");
  await form.getByRole("button", { name: "Publish event" }).click();
  await form.getByRole("link", { name: /^See which integrations took/ }).click();
  await heading(page, "temp/by-hand");
  await page.getByRole("link", { name: "Delivered" }).waitFor();
  await reader!.reads((read) => read.some(({ body }) => body["data"] === "it's 21°"), "the event in the hub");

  await page.getByRole("link", { name: "Publish one like it" }).click();
  await form.getByLabel("As device").fill("");
  await form.getByText("no integration takes it").waitFor();
  await form.getByRole("button", { name: "Publish event" }).click();
  await form.getByRole("link", { name: /^See which integrations took/ }).click();
  await page.getByText("No integration took this event").waitFor();
  await page.getByText("No device", { exact: true }).first().waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a product is made, gets an API user whose token works in its scopes, and is ended by its name", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/products");
  await page.getByRole("button", { name: "Make a product" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("North Field");
  await page.getByRole("button", { name: "Make product" }).click();
  await heading(page, "North Field");

  await page.getByRole("link", { name: "API users" }).click();
  await page.getByRole("button", { name: "Make an API user" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Nightly report");
  await page.getByRole("button", { name: "Read only" }).click();
  await page.getByRole("button", { name: "Make API user" }).click();
  const shown = page.getByRole("region", { name: "the token of Nightly report" });
  const auth = (await shown.textContent())!.trim();
  const listed = await particle.listDevices({ product: "north-field", auth });
  expect(listed.body).toMatchObject({ devices: [] });
  const adding = particle.addDeviceToProduct({ product: "north-field", deviceId: "f".repeat(24), auth });
  await expect(adding).rejects.toMatchObject({ body: { error: "unauthorized" } });

  await page.getByRole("navigation", { name: "Parts of the product" }).getByRole("link", { name: "Settings" }).click();
  await page.getByRole("switch", { name: /Quarantine/ }).click({ force: true });
  await page.getByRole("button", { name: "Save settings" }).click();
  await page.getByText("Product saved.").waitFor();
  const { json } = await request(firstRun, "GET", "/v1/products/north-field");
  expect(json).toMatchObject({ product: { settings: { quarantine: true } } });
  await page.getByRole("button", { name: "Delete product" }).click();
  await page.getByLabel("Type north-field to go on").fill("north-field");
  await page.getByRole("dialog").getByRole("button", { name: "Delete product" }).click();
  await heading(page, "Products");
  expect((await request(firstRun, "GET", "/v1/products/north-field")).status).toBe(404);
  expect(troubles).toEqual([]);
  await page.context().close();
});
