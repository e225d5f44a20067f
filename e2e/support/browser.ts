/** A real browser, as Debian's package brings it, for tests of the console. */
import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const found: string | undefined = [process.env["CHROMIUM"] ?? "", ...PLACES].find((place) => existsSync(place));

/** Why tests that need a browser cannot run here; `null`: they can. */
export const noBrowser: string | null =
  found === undefined ? "no Chromium on this machine (Debian: apt-get install chromium, or set CHROMIUM)" : null;

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: found ?? "", headless: true, args: FLAGS });
}

/**
 * The browser that `beforeAll` has opened. Where there is none on this machine the test is skipped, and says why; when it was
 * not opened for another reason the test fails.
 */
export function needed(browser: Browser | undefined, context: { skip(note?: string): never }): Browser {
  if (browser !== undefined) return browser;
  if (noBrowser !== null) return context.skip(noBrowser);
  throw new Error("The browser was not opened");
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page should not have done: errors, refused content, dialogs, failed loads. Empty in good weather. */
  readonly troubles: string[];
}

/** A page of its own, with its own storage, signed in when a token is given. */
export async function visit(
  browser: Browser,
  { url, accessToken }: { readonly url: string; readonly accessToken?: string },
  options: { readonly width?: number; readonly height?: number; readonly scheme?: "light" | "dark" } = {},
): Promise<Visit> {
  const { width = 1440, height = 900, scheme = "light" } = options;
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  if (accessToken !== undefined) {
    const session = JSON.stringify({ token: accessToken, username: "admin@isthmus.local" });
    await context.addInitScript(`sessionStorage.setItem("isthmus.session", ${JSON.stringify(session)})`);
  }
  // A busy machine is no failure.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, context, troubles };
}
