import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Device } from "../core/device.ts";
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubIntegration } from "../core/integration.ts";
import { mismatch } from "../core/matching.ts";
import { Matcher } from "./matcher.ts";

// Few values each, so that most draws come close to a match.
const prefix = fc.constantFrom("", "t", "temp", "temperature", "Temp", "hook-sent/", "hook-", "spark");
const eventName = fc.constantFrom(
  "t",
  "temp",
  "temperature",
  "temp/cellar",
  "temperature",
  "TEMP",
  "hook-sent/temp",
  "hook-sent",
  "humidity",
  "",
);
const deviceId = fc.constantFrom("d1", "d2");
const accountId = fc.constantFrom("a1", "a2");
const productId = fc.constantFrom(1, 2);

const integration: fc.Arbitrary<Omit<AzureIotHubIntegration, "id">> = fc
  .record({
    type: fc.constant("AzureIotHub" as const),
    scope: fc.oneof(
      fc.record({ kind: fc.constant("sandbox" as const), accountId }),
      fc.record({ kind: fc.constant("product" as const), productId }),
    ),
    event: prefix,
    deviceId: fc.option(deviceId),
    name: fc.constant("n"),
    hubName: fc.constant("h"),
    policyName: fc.constant("p"),
    connectionId: fc.constant("c"),
    dailyCap: fc.constant(null),
    disabled: fc.boolean(),
    createdAt: fc.constant(0),
    updatedAt: fc.constant(0),
  })
  .map((drawn) => ({ ...AZURE_IOT_HUB_DEFAULTS, ...drawn }));

const device: fc.Arbitrary<Device> = fc.record({
  id: deviceId,
  name: fc.constant(null),
  ownerId: fc.option(accountId),
  productId: fc.option(productId),
  approval: fc.constantFrom("approved" as const, "approved" as const, "quarantined" as const, "denied" as const),
  firmwareVersion: fc.constant(null),
  notes: fc.constant(null),
  lastHeard: fc.constant(null),
  createdAt: fc.constant(0),
});

test("the matcher finds exactly the integrations that no rule rejects", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(integration, { minLength: 5, maxLength: 20 }),
      eventName,
      fc.option(device, { freq: 20 }),
      (drawn, name, from) => {
        const integrations = drawn.map((one, i) => ({ ...one, id: `i${i}` }));
        const matcher = new Matcher();
        matcher.load(integrations);
        const expected = integrations.filter((one) => mismatch(one, name, from) === null).map((one) => one.id);
        expect(matcher.match(name, from).toSorted()).toEqual(expected.toSorted());
        found += expected.length;
      },
    ),
    { numRuns: 3_000 },
  );
  expect(found).toBeGreaterThan(0);
});

test("loading replaces what was there", () => {
  const [one] = fc.sample(integration, 1);
  const taken = {
    ...one!,
    scope: { kind: "product", productId: 1 },
    event: "t",
    disabled: false,
  } as const;
  const [some] = fc.sample(device, 1);
  const from = { ...some!, productId: 1, approval: "approved" } as const;
  const matcher = new Matcher();
  expect(matcher.match("t", from)).toEqual([]);
  matcher.load([{ ...taken, id: "i1" }]);
  expect(matcher.match("t", from)).toEqual(["i1"]);
  matcher.load([{ ...taken, id: "i2" }]);
  expect(matcher.match("t", from)).toEqual(["i2"]);
});
