import type { Page } from "playwright-core";

/** The screen has its heading and nothing of it is still loading. Screens that stay live never fall silent, so that is not waited for. */
export async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  // Some never are: a question that waits for a device, for example.
  await page.waitForSelector('[aria-label="Loading"]', { state: "detached", timeout: 30_000 }).catch(() => undefined);
}
