/** What holds for every screen: readable by everyone, no wider than its window, usable by keyboard, and small. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { consoleScreens } from "./support/console-screens.ts";
import { fillPlainly } from "./support/plain-world.ts";
import { builtFile, IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { settled } from "./support/settled-page.ts";

const MAX_SCRIPT_BYTES = 300_000;
const require = createRequire(import.meta.url);
const AXE = require.resolve("axe-core/axe.min.js");
const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let screens: readonly string[];
let browser: Browser | undefined;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  screens = consoleScreens(await fillPlainly(firstRun));
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await isthmus.dispose();
});

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** The policy of the console lets no foreign script in, axe neither: the browser's debugger brings it. */
async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const violations = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  )) as readonly Finding[];
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id} ${nodes.length}× ${nodes[0]?.target.join(" ")}: ${nodes[0]?.failureSummary}`);
}

/** Each width and each scheme once; with `ISTHMUS_TEST_ALL`, each with each. */
const LOOKS = [
  { width: 1440, scheme: "light" },
  { width: 390, scheme: "dark" },
  ...(process.env["ISTHMUS_TEST_ALL"] === "1"
    ? ([
        { width: 1440, scheme: "dark" },
        { width: 390, scheme: "light" },
      ] as const)
    : []),
] as const;

for (const { width, scheme } of LOOKS) {
  test(`every screen is readable and fits, ${width} pixels wide, ${scheme}`, async (context) => {
    const { page, troubles, context: tab } = await visit(needed(browser, context), firstRun, { width, scheme });
    const wrong: Record<string, readonly string[]> = {};
    for (const path of screens) {
      await page.goto(`/console${path}`);
      await settled(page);
      const tooWide = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
      const all = [
        ...(await seriousFindings(page)),
        ...(tooWide > 0 ? [`${tooWide} pixels too wide`] : []),
        ...troubles.splice(0),
      ];
      if (all.length > 0) wrong[path] = all;
    }
    expect(wrong).toEqual({});
    await tab.close();
  }, 300_000);
}

test("the keyboard reaches navigation and actions, and one sees where it is", async (context) => {
  const { page, context: tab } = await visit(needed(browser, context), firstRun);
  await page.goto("/console/integrations");
  await settled(page);
  await page.getByRole("heading", { level: 1, name: "Integrations" }).waitFor();
  const reached: string[] = [];
  const unseen: string[] = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    const [name, outline] = (await page.evaluate(
      "[(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim(), getComputedStyle(document.activeElement).outlineStyle]",
    )) as readonly [string, string];
    reached.push(name);
    if (outline === "none") unseen.push(name);
  }
  // The end of the document has no outline.
  expect(unseen.filter((name) => name.length < 100)).toEqual([]);
  expect(reached).toEqual(expect.arrayContaining(["Home", "Devices", "Settings"]));
  expect(reached.some((name) => /integration/i.test(name) && name !== "Integrations")).toBe(true);
  await tab.close();
});

test("a slash leads to the search of the screen", async (context) => {
  const { page, context: tab } = await visit(needed(browser, context), firstRun);
  for (const path of ["/devices", "/integrations", "/settings/audit"]) {
    await page.goto(`/console${path}`);
    await settled(page);
    await page.locator("[data-page-search]").first().waitFor();
    await page.keyboard.press("/");
    expect([path, await page.evaluate("document.activeElement.hasAttribute('data-page-search')")]).toEqual([
      path,
      true,
    ]);
  }
  await tab.close();
});

test("the policy lets in no inline script and no foreign address", async (context) => {
  needed(browser, context);
  const answer = await fetch(`${firstRun.url}/console/`);
  const policy = answer.headers.get("content-security-policy") ?? "";
  const rules = new Map(policy.split("; ").map((rule) => rule.split(/ (.*)/s) as [string, string]));
  expect(rules.get("default-src")).toBe("'none'");
  expect(rules.get("script-src")).toBe("'self'");
  expect(rules.get("connect-src")).toBe("'self'");
  expect(rules.get("frame-ancestors")).toBe("'none'");
  expect(rules.get("style-src")).toMatch(/^'self' 'nonce-[\w+/=]+'$/);
  expect(policy).not.toMatch(/unsafe|\*|http:|https:/);
});

test("all scripts together are small", () => {
  const folder = builtFile("packages/console/dist/assets");
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const bytes = scripts.map((name) => gzipSync(readFileSync(`${folder}/${name}`), { level: 9 }).length);
  expect(scripts.length).toBeGreaterThan(5);
  expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(MAX_SCRIPT_BYTES);
});
