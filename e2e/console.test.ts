/** The console as a new user opens it: a real browser, the real server, nothing else. */
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

test("who is not signed in is asked to, and a wrong password is said to be wrong", async (context) => {
  const { page, troubles } = await visit(needed(browser, context), { url: firstRun.url });
  await page.goto("/");
  await page.getByLabel("Username").fill(firstRun.username);
  await page.getByRole("textbox", { name: "Password" }).fill("a guess");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("textbox", { name: "Password" }).fill(firstRun.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1 }).filter({ hasText: "Home" }).waitFor();
  expect(troubles.filter((trouble) => !trouble.includes("status of 400"))).toEqual([]);
  await page.context().close();
});
