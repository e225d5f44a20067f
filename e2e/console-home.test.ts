/** From the terminal's link to Home, and the Local Hub's troubles at a click: a real browser, the real server, the demo fleet. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { HubReader } from "./support/hub-reader.ts";
import { builtFile, IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";

const run = promisify(execFile);
const isthmus = new IsthmusProcess({ ISTHMUS_DEMO: "on" });
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

function homeOf(page: Page): Promise<void> {
  return page.getByRole("heading", { level: 1 }).filter({ hasText: "Home" }).waitFor();
}

/** The number of a tile that leads to its rows. */
async function numberOf(page: Page, label: RegExp): Promise<number> {
  const text = await page.getByRole("link", { name: label }).first().getAttribute("aria-label");
  return Number(/^[\d,.]+/.exec(text ?? "")?.[0].replaceAll(",", ""));
}

test("the link in the terminal leads home in one click, with the demo's numbers, and works once", async (context) => {
  const link = /open this once\s+(\S+)/.exec(isthmus.output)?.[1] ?? "";
  expect(link).toContain(`${firstRun.url}/console/#sign-in=`);
  const first = await visit(needed(browser, context), { url: firstRun.url });
  await first.page.goto(link);
  await homeOf(first.page);
  expect(first.page.url()).toBe(`${firstRun.url}/console/`);
  await expect.poll(() => numberOf(first.page, /delivered, reached/)).toBeGreaterThan(0);
  await expect.poll(() => numberOf(first.page, /events in, a second/)).toBeGreaterThan(0);
  await first.page.getByRole("img", { name: /^Deliveries of the last 24 hours: Delivered \d/ }).waitFor();
  expect(first.troubles).toEqual([]);
  await first.page.context().close();

  const second = await visit(needed(browser, context), { url: firstRun.url });
  await second.page.goto(link);
  const said = second.page.getByRole("alert");
  await expect.poll(() => said.textContent()).toMatch(/has been used.*isthmus console/s);
  expect(second.page.url()).toBe(`${firstRun.url}/console/`);
  await second.page.context().close();
});

test("a link of somebody else's changes accounts only when that is meant", async (context) => {
  const asked = async (path: string, token: string, body: unknown): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(firstRun.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return (await answer.json()) as Record<string, string>;
  };
  const linkOf = async (token: string): Promise<string> => (await asked("/admin/v1/sign-in-links", token, {}))["path"]!;
  const mallory = { username: "mallory", password: "a password of mallory's" };
  await asked("/admin/v1/accounts", firstRun.accessToken, mallory);
  const form = { grant_type: "password", client_id: "t", client_secret: "t", ...mallory };
  const answer = await fetch(`${firstRun.url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
  const { access_token: hers } = (await answer.json()) as { access_token: string };

  const { page } = await visit(needed(browser, context), { url: firstRun.url });
  await page.goto(await linkOf(firstRun.accessToken));
  await homeOf(page);
  const questions: string[] = [];
  page.on("dialog", (dialog) => void questions.push(dialog.message()));
  const kept = (): Promise<string> => page.evaluate<string>('sessionStorage.getItem("isthmus.session")');
  const before = await kept();
  const fragment = (await linkOf(hers)).split("#")[1] ?? "";
  await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
  await expect.poll(() => questions).toEqual([expect.stringContaining("signs in as mallory")]);
  await homeOf(page);
  expect(await kept()).toBe(before);
  expect(page.url()).toBe(`${firstRun.url}/console/`);
  await page.context().close();
});

test("a link of the command line signs in, and signing out ends the token on the server", async (context) => {
  const { stdout } = await run(process.execPath, [builtFile("packages/bridge/bin/isthmus.js"), "console", "--json"], {
    env: { ...process.env, ISTHMUS_DATA: isthmus.folder },
  });
  const { page, troubles } = await visit(needed(browser, context), { url: firstRun.url });
  await page.goto((JSON.parse(stdout) as { url: string }).url);
  await homeOf(page);
  const kept = await page.evaluate<string>('sessionStorage.getItem("isthmus.session")');
  const { token } = JSON.parse(kept) as { token: string };
  const isKnown = async (): Promise<number> =>
    (await fetch(`${firstRun.url}/v1/user`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await isKnown()).toBe(200);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Username").waitFor();
  await expect.poll(isKnown).toBe(401);
  expect(troubles).toEqual([]);
  await page.context().close();
});

test("a trouble that is switched on stands on Home with its next step, and is over when it is switched off", async (context) => {
  const reader = new HubReader(firstRun);
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/hubs/local");
  await page.getByRole("button", { name: "Switch on: Throttle everything" }).click();
  await page.getByRole("button", { name: "Switch off", exact: true }).waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Home" }).click();
  const trouble = page.getByRole("link", { name: /^The Local Hub (takes no messages|limits the rate)/ });
  await trouble.waitFor();
  await page
    .getByText(/^Next step: /)
    .first()
    .waitFor();
  await trouble.click();
  await page.getByRole("link", { name: "Faults and tier of the Local Hub" }).click();
  await page.getByRole("button", { name: "Switch off", exact: true }).click();
  await page.getByText("No fault is on").waitFor();
  const before = reader.events.length;
  await reader.reads((events) => events.length > before, "an event after the trouble");
  expect(troubles).toEqual([]);
  await page.context().close();
  await reader.close();
});

test("the Local Hub changes its tier, and gives its authority as a file", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/hubs/local");
  await page.getByRole("combobox", { name: "The hub behaves as" }).selectOption("S1");
  await page.getByRole("button", { name: "Change tier" }).click();
  await page.getByText(/of 400,000 messages of today are used/).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the CA" }).click(),
  ]);
  expect(await readFile(await download.path(), "utf8")).toBe(await readFile(firstRun.localHub.caFile, "utf8"));
  expect(troubles).toEqual([]);
  await page.context().close();
});
