/** Text of devices, hubs and users never runs, loads or breaks anything in the console: it is shown. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needed, noBrowser, openBrowser, visit } from "./support/browser.ts";
import { consoleScreens } from "./support/console-screens.ts";
import { HOSTILE } from "./support/hostile-strings.ts";
import { fillWithHostileText, type HostileWorld } from "./support/hostile-world.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { settled } from "./support/settled-page.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let world: HostileWorld;
let browser: Browser | undefined;

beforeAll(async () => {
  if (noBrowser !== null) return;
  firstRun = await isthmus.start();
  world = await fillWithHostileText(firstRun);
  browser = await openBrowser();
});

const MAY_TAKE_FEW: ReadonlyMap<string, number> = new Map([
  ["group", 3],
  ["webhook address", 0],
  ["name in an address", 0],
]);

afterAll(async () => {
  await browser?.close();
  await isthmus.dispose();
});

test("the fields of the test hold what they are meant to hold", (context) => {
  needed(browser, context);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(200);
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  // Strict ones take few; the addresses and the deletions are there for what is said of them.
  const few = [...world.taken].filter(([field, count]) => count < (MAY_TAKE_FEW.get(field) ?? 10));
  expect(few).toEqual([]);
  expect(world.taken.get("event data")).toBeGreaterThanOrEqual(180);
});

for (const width of [1440, 390]) {
  test(`on no screen does hostile text run, load or break the layout, ${width} pixels wide`, async (context) => {
    const { page, troubles, context: tab } = await visit(needed(browser, context), firstRun, { width });
    const strays: string[] = [];
    tab.on("request", (request) => {
      if (new URL(request.url()).origin !== firstRun.url) strays.push(request.url());
    });
    await tab.addInitScript(() => {
      const events = globalThis as unknown as EventTarget & { __refused?: string[] };
      events.addEventListener("securitypolicyviolation", (event) => {
        (events.__refused ??= []).push((event as unknown as { blockedURI: string }).blockedURI);
      });
    });
    const found: Record<string, unknown> = {};
    let shown = 0;
    for (const path of consoleScreens(world)) {
      await page.goto(`/console${path}`);
      await settled(page);
      if ((await page.locator("main").innerText()).includes("window.__ran")) shown += 1;
      const seen = await page.evaluate(look);
      if (seen.length > 0) found[path] = seen;
      if (troubles.length > 0) found[path] = [...((found[path] as string[] | undefined) ?? []), ...troubles.splice(0)];
    }
    expect(found).toEqual({});
    expect(strays).toEqual([]);
    // They were there to be seen.
    expect(shown).toBeGreaterThan(15);
    await tab.close();
  }, 300_000);
}

interface PageElement {
  readonly href: string;
  readonly protocol: string;
  readonly scrollWidth: number;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

interface PageGlobals {
  readonly __ran?: unknown;
  readonly __refused?: readonly string[];
  readonly innerWidth: number;
  readonly document: { readonly documentElement: PageElement; getElementById(id: string): PageElement };
}

/** In the page: what should not be so. */
function look(): string[] {
  const page = globalThis as unknown as PageGlobals;
  const wrong: string[] = [];
  if (page.__ran !== undefined) wrong.push("it ran");
  for (const uri of page.__refused ?? []) wrong.push(`refused by the policy: ${uri}`);
  const root = page.document.getElementById("root");
  if (root.querySelector("script, iframe, object, embed, base, meta, link, img, form[action]") !== null) {
    wrong.push("an element that the console does not make");
  }
  for (const link of root.querySelectorAll("a[href]")) {
    if (!/^https?:$/.test(link.protocol)) wrong.push(`a link to ${link.href.slice(0, 60)}`);
  }
  const wide = page.document.documentElement.scrollWidth - page.innerWidth;
  if (wide > 0) wrong.push(`${wide} pixels too wide`);
  return wrong;
}
