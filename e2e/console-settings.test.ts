/** Settings in a real browser: what is done there is done, for other clients too, and stands in the audit log. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let browser: Browser | undefined;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await isthmus.dispose();
});

/** As the device cloud's clients sign in. */
async function signIn(username: string, password: string): Promise<number> {
  const fields = { grant_type: "password", client_id: "particle", client_secret: "particle", username, password };
  const answer = await fetch(`${firstRun.url}/oauth/token`, { method: "POST", body: new URLSearchParams(fields) });
  return answer.status;
}

test("an account is made, its password shown once, and both the making and a wrong guess are in the audit log", async (context) => {
  const { page, troubles, context: tab } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/settings/accounts");
  await page.getByLabel("Username").fill("eve@example.com");
  await page.getByRole("button", { name: "Make account" }).click();
  const password = await page.getByRole("region", { name: "the password of eve@example.com" }).innerText();
  expect(await signIn("eve@example.com", password.trim())).toBe(200);
  expect(await signIn("eve@example.com", "a guess")).toBe(400);

  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Audit log" }).click();
  const log = page.getByRole("region", { name: "Entries" });
  await log.getByText("Make an account").waitFor();
  await page.getByRole("checkbox", { name: "Only what failed" }).check();
  await log
    .getByRole("row")
    .filter({ hasText: "refused, 400, invalid_grant" })
    .filter({ hasText: "eve@example.com" })
    .waitFor();
  await log.getByText("Make an account").waitFor({ state: "detached" });
  expect(new URL(page.url()).searchParams.get("failed")).toBe("true");
  expect(troubles).toEqual([]);
  await tab.close();
});

test("a webhook of Particle's cloud is added, and with its secret events come in", async (context) => {
  await fetch(`${firstRun.url}/v1/products`, {
    method: "POST",
    headers: { authorization: `Bearer ${firstRun.accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ product: { name: "Weather" } }),
  });
  const { page, troubles, context: tab } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/settings/sources/new?product=weather");
  await page.getByLabel("Events that begin with").fill("temp");
  await page.getByRole("button", { name: "Add source" }).click();
  const shown = await page.getByRole("region", { name: "the webhook with its secret" }).innerText();
  const definition = JSON.parse(shown) as { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  // As Particle's cloud calls it.
  const answer = await fetch(definition.url, {
    method: "POST",
    headers: definition.headers,
    body: new URLSearchParams({
      event: "temp",
      data: "21.5",
      coreid: "e00fce681234567890abcdef",
      published_at: new Date().toISOString(),
    }),
  });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("accepted")]);
  await page.getByRole("link", { name: "See what it does" }).click();
  await page.getByText("waits for calls").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  expect((await fetch(definition.url, { method: "POST", headers: definition.headers })).status).toBe(409);
  expect(troubles).toEqual([]);
  await tab.close();
});

test("a backup is saved whole, and sign-ins end from the list", async (context) => {
  expect(await signIn(firstRun.username, firstRun.password)).toBe(200);
  const { page, troubles, context: tab } = await visit(needed(browser, context), firstRun);
  // A dialog of the system cannot be answered here: the way of browsers without it.
  await tab.addInitScript("delete window.showSaveFilePicker");
  await page.goto("/console/settings/backup");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download a backup" }).click();
  const file = await (await downloading).path();
  expect(readFileSync(file).subarray(0, 15).toString()).toBe("SQLite format 3");
  await page.getByText(/^Done: .* saved/).waitFor();

  await page.goto("/console/settings");
  await page.getByRole("button", { name: "End the sign-in of particle" }).click();
  await page.getByRole("button", { name: "End the sign-in of particle" }).waitFor({ state: "detached" });
  expect(troubles).toEqual([]);
  await tab.close();
});
