import { expect, test } from "vitest";
import { checksOf, STEPS } from "./steps.ts";

const check = (name: string) => ({ name, ok: true, message: "" }) as const;
const commands = (names: { hubName: string; policyName: string }): string =>
  STEPS.map((step) => step.commands(names)).join("\n");

test("commands carry the names of the form, and nothing that a shell would read otherwise", () => {
  const good = commands({ hubName: "fleet-1.azure-devices.net", policyName: "bridge" });
  expect(good).toContain("--name fleet-1 --sku");
  expect(good).toContain("--hub-name fleet-1 --name bridge");
  const hostile = commands({ hubName: "x; rm -rf ~", policyName: "$(id)" });
  expect(hostile).not.toMatch(/rm -rf|\$\(/);
  expect(hostile).toContain("--hub-name my-hub --name isthmus");
});

test("every line of a report stands with one step", () => {
  const checks = ["name_resolution", "https", "device_connect", "quota", "unheard_of"].map(check);
  const placed = STEPS.flatMap((step) => checksOf(step, checks));
  expect(placed.map(({ name }) => name).toSorted()).toEqual(checks.map(({ name }) => name).toSorted());
});
