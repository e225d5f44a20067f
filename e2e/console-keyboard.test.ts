/** Without a mouse: the focus stays where one works, dialogs keep it and give it back, and notes of all kinds are readable. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import type { ScreenIds } from "./support/console-screens.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { fillPlainly } from "./support/plain-world.ts";
import { settled } from "./support/settled-page.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let ids: ScreenIds;
let browser: Browser | undefined;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  ids = await fillPlainly(firstRun);
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await isthmus.dispose();
});

async function open(context: { skip(note?: string): never }, path: string): Promise<Page> {
  const { page } = await visit(needed(browser, context), firstRun);
  await page.goto(`/console${path}`);
  await settled(page);
  return page;
}

/** Name of what has the focus. */
async function focused(page: Page): Promise<string> {
  return String(
    await page.evaluate(
      "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim().slice(0, 60)",
    ),
  );
}

async function findings(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  return (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html.slice(0, 200)))",
  )) as readonly string[];
}

test("a filter keeps its focus and each letter while the address follows; going back brings the former text", async (context) => {
  const page = await open(context, `/integrations/${ids.integration}/deliveries`);
  const field = page.getByRole("searchbox", { name: "Event begins with" });
  await field.press("t");
  await page.waitForURL(/event=t$/);
  await page.keyboard.type("emp");
  await page.waitForURL(/event=temp$/);
  expect(await field.inputValue()).toBe("temp");
  expect(await focused(page)).toBe("Event begins with");
  await page.getByRole("button", { name: "Show all" }).press("Enter");
  await page.waitForURL(/deliveries$/);
  expect(await field.inputValue()).toBe("");
  await page.context().close();
});

test("a button that was disabled while it worked has the focus again", async (context) => {
  const page = await open(context, `/integrations/${ids.integration}`);
  await page.getByRole("button", { name: "Check now" }).press("Enter");
  await expect.poll(() => focused(page)).toBe("Check again");
  await page.context().close();
});

test("an opened delivery has the focus, and its row when it is closed; a dialog keeps it and gives it back", async (context) => {
  const page = await open(context, `/integrations/${ids.integration}/deliveries`);
  await page.getByRole("link", { name: `Delivery ${ids.delivery}:` }).press("Enter");
  await expect.poll(() => focused(page)).toBe(`Delivery ${ids.delivery}`);

  await page.getByRole("button", { name: "Send a changed copy…" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Send a changed copy" });
  await dialog.waitFor();
  await dialog.getByRole("button", { name: "Close" }).waitFor();
  expect(await findings(page)).toEqual([]);
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.closest('[role=dialog]') !== null")).toBe(true);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await expect.poll(() => focused(page)).toBe("Send a changed copy…");

  await page.getByRole("button", { name: "Back to the list" }).press("Enter");
  await expect.poll(() => focused(page)).toBe(`Delivery ${ids.delivery}: temp`);
  await page.context().close();
});

test("what a secret is shown in is readable", async (context) => {
  const page = await open(context, `/devices/${ids.device}/keys`);
  await page.getByRole("button", { name: "Make a token" }).press("Enter");
  await page.getByText("Copy the token now").waitFor();
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});

test("that time goes by is not read aloud", async (context) => {
  const page = await open(context, `/integrations/${ids.webhook}`);
  await page.getByRole("alert").locator("time").waitFor();
  expect(await page.evaluate("document.querySelectorAll('time:not([aria-live=off])').length")).toBe(0);
  await page.context().close();
});
