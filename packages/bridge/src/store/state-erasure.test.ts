/** What a device said of itself is nowhere on the disk once it is erased, and no secret of its hub ever is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { STATE_DEFAULTS } from "../core/device-state.ts";
import { openSqlite } from "./testing/sqlite-under-test.ts";
import { deviceState } from "./testing/states-conformance.ts";
import { deviceId } from "./testing/store-samples.ts";

const CANARY = "canary-of-a-state";

function isOnDisk(folder: string, text: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text));
}

test("the state of an erased device is overwritten, with its conflicts, and that of others stays", async () => {
  const under = await openSqlite();
  const { store, folder } = under;
  for (const n of [1, 2]) await store.claimDevice("ada", deviceId(n));
  const said = { name: CANARY, padding: "x".repeat(20_000), end: CANARY };
  const section = { properties: said, version: 1, pending: said };
  const next = deviceState(1, {
    state: said,
    stamps: { [CANARY]: [1, "device"] },
    desired: section,
    reported: section,
    etag: CANARY,
  });
  const theirs = { deviceId: deviceId(1), at: 1, path: "name", ours: CANARY, theirs: { name: CANARY } };
  const conflict = { ...theirs, theirSource: "reported", kept: "ours", rule: "ours" } as const;
  await store.saveStates([
    { next, conflicts: [conflict] },
    { next: deviceState(2), conflicts: [] },
  ]);
  await store.saveStates([{ next: { ...next, state: { name: `${CANARY} again` }, revision: 2 }, conflicts: [] }]);
  expect(isOnDisk(folder, CANARY)).toBe(true);
  await store.eraseDevice(deviceId(1));
  expect(isOnDisk(folder, CANARY)).toBe(false);
  expect(await store.deviceState(deviceId(1))).toBeNull();
  expect(await store.deviceState(deviceId(2))).not.toBeNull();
  expect(await store.device(deviceId(1))).not.toBeNull();
  await under.dispose();
});

test("neither the keys of a hub that mirrors states nor the key of its endpoint are on the disk", async () => {
  const under = await openSqlite();
  const { store, folder } = under;
  const keys = [`${CANARY}-key`, `${CANARY}-second`, `${CANARY}-endpoint`] as const;
  const [policyKey, secondaryKey, endpointKey] = keys;
  const eventEndpoint = { endpoint: `Endpoint=sb://x/;SharedAccessKey=${endpointKey}`, name: "x" };
  const hub = { hubName: "h", hostName: "h.azure-devices.net", policyName: "p", policyKey, secondaryKey };
  const scope = { kind: "product", productId: 1 } as const;
  await store.saveStateSettings(scope, { ...STATE_DEFAULTS, eventEndpoint }, hub);
  await store.saveStateSettings(scope, { ...STATE_DEFAULTS, eventEndpoint }, { ...hub, policyKey: `${policyKey}-2` });
  expect(isOnDisk(folder, "h.azure-devices.net")).toBe(true);
  for (const key of keys) expect(isOnDisk(folder, key)).toBe(false);
  await under.dispose();
});
