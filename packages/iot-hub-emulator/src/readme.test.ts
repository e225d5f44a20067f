import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createTopicParser } from "./mqtt/topics.ts";
import { parseFilter } from "./mqtt/subscriptions.ts";
import { provisioningRoutes } from "./http/provisioning.ts";
import { withEmulator } from "./emulator.ts";
import { readmeTables, TOPICS, withTables } from "./testing/readme-tables.ts";

const FILE = new URL("../README.md", import.meta.url);

test("the README lists every setting, fault and operation that there is, and none that is not", async () => {
  const readme = readFileSync(FILE, "utf8");
  const tables = await withEmulator(({ provisioning }) => readmeTables(provisioningRoutes(provisioning)));
  const expected = withTables(readme, tables);
  // `UPDATE_README=1 npx vitest run readme` writes it.
  // oxlint-disable-next-line node/no-process-env
  if (process.env["UPDATE_README"] === "1") writeFileSync(FILE, expected);
  expect(plain(readFileSync(FILE, "utf8"))).toBe(plain(expected));
});

test("every topic that the README names is understood", () => {
  const fill = (topic: string): string =>
    topic
      .replace("{d}", "dev")
      .replace("{m}", "mod")
      .replaceAll(/\{\w+\}/g, "200");
  const unread = TOPICS.filter(({ client, topic }) => {
    const [filled, module] = [fill(topic), topic.includes("{m}") ? "mod" : undefined];
    if (topic.startsWith("$dps/")) return false;
    return client === "publishes"
      ? createTopicParser("dev", module)(filled) === undefined
      : parseFilter(filled, "dev", module) === undefined;
  });
  expect(unread).toEqual([]);
});

/** The formatter aligns tables; their words are compared. */
function plain(text: string): string {
  return text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
}
