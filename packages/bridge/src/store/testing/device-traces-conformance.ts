/** What every store keeps of devices' links. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deviceId } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const DESCRIPTION = { functions: ["open"], variables: { level: "int32" } };
const LINK = { connectedAt: 1_700_000_000_000, address: "192.0.2.7" };

export function describeDeviceTraces(open: OpenStore): void {
  describe("device traces", () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      await store.claimDevice("owner", deviceId(1));
    });

    afterEach(() => under.dispose());

    test("a device that never connected has none", async () => {
      expect(await store.deviceDescription(deviceId(1))).toBeNull();
      expect(await store.lastDeviceLink(deviceId(1))).toBeNull();
    });

    test("description and last link come back after a restart, the newest of each", async () => {
      await store.saveDeviceDescription(deviceId(1), { functions: [], variables: {} });
      await store.saveDeviceDescription(deviceId(1), DESCRIPTION);
      await store.saveDeviceLink(deviceId(1), { ...LINK, connectedAt: 1 });
      await store.saveDeviceLink(deviceId(1), LINK);
      store = await under.reopen();
      expect(await store.deviceDescription(deviceId(1))).toEqual(DESCRIPTION);
      expect(await store.lastDeviceLink(deviceId(1))).toEqual(LINK);
    });

    test("a link alone is no description, and the other way round", async () => {
      await store.claimDevice("owner", deviceId(2));
      await store.saveDeviceLink(deviceId(1), LINK);
      await store.saveDeviceDescription(deviceId(2), DESCRIPTION);
      expect(await store.deviceDescription(deviceId(1))).toBeNull();
      expect(await store.lastDeviceLink(deviceId(2))).toBeNull();
    });

    test("they go with the device, and nothing is kept of one that is gone", async () => {
      await store.saveDeviceDescription(deviceId(1), DESCRIPTION);
      await store.unclaimDevice(deviceId(1));
      await store.saveDeviceLink(deviceId(1), LINK);
      await store.claimDevice("other", deviceId(1));
      expect(await store.deviceDescription(deviceId(1))).toBeNull();
      expect(await store.lastDeviceLink(deviceId(1))).toBeNull();
    });
  });
}
