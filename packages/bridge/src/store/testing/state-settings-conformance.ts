/** What every store must keep of the settings of states, and of the hub connections that settings and devices name. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { STATE_DEFAULTS } from "../../core/device-state.ts";
import { lineKey } from "../../core/delivery-target.ts";
import type { Scope } from "../../core/integration.ts";
import type { ScopeStateSettings, StateHubSettings } from "../../core/state-store.ts";
import { deviceState } from "./states-conformance.ts";
import { deviceId, settings as integrationSettings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const HUB: StateHubSettings = {
  hubName: "plant",
  hostName: "plant.azure-devices.net",
  policyName: "isthmus",
  policyKey: "c2VjcmV0LWtleS1vZi10aGUtcG9saWN5",
};
const NEW_KEY = "YW5vdGhlci1rZXk=";
const SANDBOX: Scope = { kind: "sandbox", accountId: "ada" };

export function describeStateSettings(open: OpenStore): void {
  describe("settings of states", () => {
    let under: StoreUnderTest;
    let store: Store;
    let product: Scope & { readonly kind: "product" };

    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
      const made = (await store.createProduct({ slug: "p", name: "p", description: "", ownerId: "ada" }))!;
      product = { kind: "product", productId: made.id };
    });
    afterEach(() => under.dispose());

    const connectionOf = ({ hub }: ScopeStateSettings): string => hub!.connectionId;

    /** Members of the product, with states in the connection. */
    async function addStates(connectionId: string, ...numbers: readonly number[]): Promise<void> {
      await store.addToProduct(product.productId, numbers.map(deviceId));
      const changes = numbers.map((n) => ({
        next: deviceState(n, { reach: "itself", connectionId }),
        conflicts: [],
      }));
      expect(await store.saveStates(changes)).toEqual([]);
    }

    test("settings come back as they were last, after a restart too", async () => {
      expect(await store.stateSettings(product)).toBeNull();
      const endpoint = { endpoint: "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=b", name: "x" };
      const options = {
        telemetry: "replace",
        conflicts: "hub",
        cloudToDevice: true,
        consumerGroup: "isthmus",
        eventEndpoint: endpoint,
        sweepSeconds: 5,
      } as const;
      const first = await store.saveStateSettings(product, options, { ...HUB, secondaryKey: "c2Vjb25k" });
      expect(first).toMatchObject({
        scope: product,
        settings: options,
        hub: { hubName: "plant", policyName: "isthmus" },
      });
      expect(await store.stateSettings(product)).toEqual(first);
      const sandbox = await store.saveStateSettings(SANDBOX, STATE_DEFAULTS, null);
      expect(sandbox).toEqual({ scope: SANDBOX, settings: STATE_DEFAULTS, hub: null });
      store = await under.reopen();
      expect(await store.stateSettings(product)).toEqual(first);
      expect(await store.stateConnection(connectionOf(first))).toMatchObject({
        hostName: HUB.hostName,
        policyKey: HUB.policyKey,
        secondaryKey: "c2Vjb25k",
      });
      expect(await store.allStateSettings()).toEqual(expect.arrayContaining([first, sandbox]));
      const changed = await store.saveStateSettings(product, STATE_DEFAULTS, null);
      expect(await store.stateSettings(product)).toEqual(changed);
      expect(await store.stateConnection(connectionOf(first))).toBeNull();
      expect(await store.deleteStateSettings(product)).toBe(true);
      expect(await store.deleteStateSettings(product)).toBe(false);
      expect(await store.stateSettings(product)).toBeNull();
      expect(await store.allStateSettings()).toEqual([sandbox]);
    });

    test("a changed key stays the same connection; one that is left out stays as it is", async () => {
      const id = connectionOf(
        await store.saveStateSettings(product, STATE_DEFAULTS, { ...HUB, secondaryKey: "c2Vjb25k" }),
      );
      await addStates(id, 1);
      await store.beginReading(id, "$Default", 3);
      const { policyKey: _left, ...keyless } = HUB;
      for (const [hub, keys] of [
        [
          { ...HUB, policyKey: NEW_KEY },
          { policyKey: NEW_KEY, secondaryKey: "c2Vjb25k" },
        ],
        [keyless, { policyKey: NEW_KEY, secondaryKey: "c2Vjb25k" }],
        [
          { ...keyless, secondaryKey: "" },
          { policyKey: NEW_KEY, secondaryKey: null },
        ],
      ] as const) {
        expect(connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, hub))).toBe(id);
        expect(await store.stateConnection(id)).toMatchObject(keys);
      }
      expect(await store.deviceState(deviceId(1))).toMatchObject({ connectionId: id, revision: 1 });
      expect(await store.readingPositions(id, "$Default")).toMatchObject({ since: 3 });
    });

    test("devices stay in the hub where they were made, with its connection, until the last has left it", async () => {
      const former = connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, HUB));
      await addStates(former, 1, 2);
      const other = { ...HUB, hubName: "other", hostName: "other.azure-devices.net" };
      const now = connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, other));
      expect(now).not.toBe(former);
      expect(await store.deviceState(deviceId(1))).toMatchObject({ connectionId: former });
      await store.deleteStateSettings(product);
      expect(await store.stateConnection(now)).toBeNull();
      await store.beginReading(former, "$Default", 3);
      for (const n of [1, 2]) await store.removeFromProduct(product.productId, deviceId(n));
      // The hub's devices are still to be deleted.
      expect(await store.stateConnection(former)).toMatchObject({ policyKey: HUB.policyKey });
      await store.hubRemovalDone(former, deviceId(1));
      expect(await store.stateConnection(former)).not.toBeNull();
      await store.hubRemovalDone(former, deviceId(2));
      expect(await store.stateConnection(former)).toBeNull();
      expect(await store.readingPositions(former, "$Default")).toBeNull();
    });

    test("settings that come back to the hub of devices bring their new key to them", async () => {
      const former = connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, HUB));
      await addStates(former, 1);
      await store.deleteStateSettings(product);
      const again = await store.saveStateSettings(product, STATE_DEFAULTS, { ...HUB, policyKey: NEW_KEY });
      expect(connectionOf(again)).toBe(former);
      // Another policy of the same hub: another connection, to which all go over.
      const policy = await store.saveStateSettings(product, STATE_DEFAULTS, { ...HUB, policyName: "owner" });
      expect(connectionOf(policy)).not.toBe(former);
      expect(await store.deviceState(deviceId(1))).toMatchObject({ connectionId: connectionOf(policy), revision: 2 });
      expect(await store.stateConnection(former)).toBeNull();
    });

    test("a changed key leaves those alone who shared the connection; devices, reading and removals go over", async () => {
      const theirs = lineKey(await store.createIntegration(integrationSettings(SANDBOX)));
      const shared = connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, HUB));
      expect(shared).toBe(theirs);
      await store.claimDevice("ada", deviceId(9));
      const foreign = deviceState(9, { connectionId: shared });
      await store.saveStates([{ next: foreign, conflicts: [] }]);
      await addStates(shared, 1, 2);
      const position = { partitionId: "0", offset: "7", sequenceNumber: 7, enqueuedTime: 7 };
      await store.beginReading(shared, "$Default", 3);
      await store.saveReadingPosition(shared, "$Default", position);
      await store.saveIdentity(shared, deviceId(1), { generationId: "g", nameWritten: null });
      await store.removeFromProduct(product.productId, deviceId(2));
      const now = connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, { ...HUB, policyKey: NEW_KEY }));
      expect(now).not.toBe(shared);
      store = await under.reopen();
      expect(await store.stateConnection(shared)).toMatchObject({ policyKey: HUB.policyKey });
      expect(await store.stateConnection(now)).toMatchObject({ policyKey: NEW_KEY });
      expect(await store.deviceState(deviceId(9))).toEqual(foreign);
      expect(await store.deviceState(deviceId(1))).toMatchObject({ connectionId: now, revision: 2 });
      expect(await store.hubRemoval(now, deviceId(2))).not.toBeNull();
      expect(await store.hubRemovalCount(shared)).toBe(0);
      expect(await store.readingPositions(now, "$Default")).toEqual({ since: 3, positions: [position] });
      expect(await store.identity(now, deviceId(1))).toMatchObject({ generationId: "g" });
      // A write that began before is stale now, and does not bring the former connection back.
      const late = deviceState(1, { connectionId: shared, revision: 2 });
      expect(await store.saveStates([{ next: late, conflicts: [] }])).toEqual([deviceId(1)]);
    });

    test("an integration's new key does not become the key of devices, nor its end the end of their connection", async () => {
      const integration = await store.createIntegration(integrationSettings(product));
      const shared = connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, HUB));
      await addStates(shared, 1);
      await store.deleteStateSettings(product);
      const changed = await store.updateIntegration(
        integration.id,
        integrationSettings(product, { policyKey: NEW_KEY }),
      );
      expect(lineKey(changed!)).not.toBe(shared);
      expect(await store.stateConnection(shared)).toMatchObject({ policyKey: HUB.policyKey });
      await store.deleteIntegration(integration.id);
      expect(await store.stateConnection(lineKey(changed!))).toBeNull();
      expect(await store.stateConnection(shared)).not.toBeNull();
    });

    test("a device that is forgotten, or joins a product, gives its hub's connection up", async () => {
      for (const leave of [
        () => store.unclaimDevice(deviceId(1)),
        () => store.addToProduct(product.productId, [deviceId(1)]),
      ]) {
        await store.claimDevice("ada", deviceId(1));
        const id = connectionOf(await store.saveStateSettings(SANDBOX, STATE_DEFAULTS, HUB));
        await store.saveStates([{ next: deviceState(1, { connectionId: id }), conflicts: [] }]);
        await store.deleteStateSettings(SANDBOX);
        expect(await store.stateConnection(id)).not.toBeNull();
        await leave();
        expect(await store.stateConnection(id)).toBeNull();
      }
    });

    test("settings go with their product, and with their account", async () => {
      const account = (await store.createAccount({ username: "bob", passwordHash: "h" }))!;
      const theirs: Scope = { kind: "sandbox", accountId: account.id };
      const ids = [
        connectionOf(await store.saveStateSettings(product, STATE_DEFAULTS, HUB)),
        connectionOf(await store.saveStateSettings(theirs, STATE_DEFAULTS, { ...HUB, policyKey: NEW_KEY })),
      ];
      expect(await store.deleteProduct(product.productId)).toBe("deleted");
      expect(await store.deleteAccount(account.id)).toBe("deleted");
      expect(await store.allStateSettings()).toEqual([]);
      for (const id of ids) expect(await store.stateConnection(id)).toBeNull();
    });
  });
}
