/** Hubs in the console: the day's allowance, and identities that a plan brings in order, with Microsoft's own client as witness. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { changeHub, lookUp } from "./support/hub-registry.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess({ IOT_HUB_TIER: "F1" });
let firstRun: FirstRun;
let browser: Browser | undefined;
let lost: FleetDevice;
let dismissed: FleetDevice;
let connection: string;

const FOREIGN = "somebody-elses-pump";

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "fleet");
  [lost, dismissed] = (await makeDevices(firstRun, "fleet", 2)) as [FleetDevice, FleetDevice];
  const integration = await makeIntegration(firstRun, "fleet", { event: "load", name: "To the hub" });
  for (const { token } of [lost, dismissed]) {
    await request(firstRun, "POST", "/v1/devices/events", { name: "load", data: "1" }, token);
  }
  await until(async () => {
    const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integration}/ledger`);
    return (json["ledger"] as Record<string, number>)["delivered"] === 2;
  }, "both messages to be in the hub");
  const { json } = await request(firstRun, "GET", "/admin/v1/connections");
  [{ id: connection }] = json["connections"] as [{ id: string }];
  // Somebody else works in the same hub, and a device leaves the fleet.
  await changeHub(firstRun, "delete", lost.id);
  await changeHub(firstRun, "create", FOREIGN);
  await request(firstRun, "DELETE", `/v1/products/fleet/devices/${dismissed.id}`);
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await isthmus.dispose();
});

test("a hub shows how much of its allowance is used, and who uses it", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/hubs");
  const hub = page.getByRole("article", { name: "Local Hub" });
  await hub.getByRole("progressbar", { name: /of 8,000 messages/ }).waitFor();
  await hub.getByRole("link", { name: "To the hub" }).waitFor();
  await hub.getByRole("link", { name: "Local Hub" }).click();
  await page.getByText(/counts once for each 0.5 KB/).waitFor();
  await page.getByLabel("Name").fill("Test bench");
  await page.getByRole("button", { name: "Save name and tier" }).click();
  await page.getByRole("heading", { level: 1, name: "Test bench" }).waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("what is missing is made, what was made here and is needed no more is deleted by its number, what is of others stays", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto(`/console/hubs/${connection}/identities`);
  await page.getByRole("button", { name: "Scan the hub" }).click();
  await page.getByRole("link", { name: "1 Orphaned" }).click();
  const orphans = page.getByRole("region", { name: "Orphaned" });
  await orphans.getByText(dismissed.id).waitFor();

  const refused = await massDeletion();
  expect(refused).toMatchObject({ status: 409, json: { code: "mass_deletion" } });
  expect(await lookUp(firstRun, "identity", dismissed.id)).toMatchObject({ deviceId: dismissed.id });

  await page.getByRole("checkbox", { name: "Delete 1 in the hub" }).check();
  expect(await page.getByRole("checkbox", { name: "Create 1 missing" }).isChecked()).toBe(true);
  await page.getByRole("button", { name: "Apply the plan…" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.getByRole("button", { name: "Apply the plan" }).isDisabled()).toBe(true);
  await dialog.getByLabel("Type 1 to go on").fill("1");
  await dialog.getByRole("button", { name: "Apply the plan" }).click();
  await page.getByText("Applied", { exact: true }).waitFor();
  await page.getByText("Deleted in the hub.").waitFor();

  expect(await lookUp(firstRun, "identity", lost.id)).toMatchObject({ deviceId: lost.id, status: "enabled" });
  expect(await lookUp(firstRun, "identity", FOREIGN)).toMatchObject({ deviceId: FOREIGN });
  expect(await lookUp(firstRun, "identity", dismissed.id)).toMatchObject({
    error: expect.stringContaining("NotFound") as string,
  });
  await page.getByRole("button", { name: "Scan again" }).click();
  await page.getByText("there is nothing to be done").waitFor();
  expect(troubles).toEqual([]);
  await page.context().close();
});

async function massDeletion(): ReturnType<typeof request> {
  const path = `/admin/v1/connections/${connection}/identity-scans`;
  const { json } = await request(firstRun, "GET", path);
  const [{ id }] = json["scans"] as [{ id: string }];
  return request(firstRun, "POST", `${path}/${id}/apply`, { actions: ["delete"] });
}
