/** The mirror as the bridge composes it: the real store, the Local Hub in this process, the vendor's client beside it. */
import { expect, onTestFinished, test } from "vitest";
import { STATE_DEFAULTS } from "./core/device-state.ts";
import type { Scope } from "./core/integration.ts";
import type { StateWritten } from "./core/state-control.ts";
import { SILENT_LOG } from "./hub/testing/hub-under-test.ts";
import { startTwinsUnderTest } from "./hub/testing/twins-under-test.ts";
import { OpenTwins } from "./open-twins.ts";
import { createTwinHubs } from "./hub/twins/twin-hubs.ts";
import { createStateMirror } from "./state-mirror.ts";
import { openSqlite } from "./store/testing/sqlite-under-test.ts";
import { deviceId, settings } from "./store/testing/store-samples.ts";

test("the new key of a hub that others share reaches the devices, and what waited for it goes on", async () => {
  const { endpoint, connection, registry } = await startTwinsUnderTest();
  const under = await openSqlite();
  onTestFinished(() => under.dispose());
  const { store } = under;
  const mirror = createStateMirror({
    store,
    reach: { connection: (id) => store.connection(id), defaultConnectionId: null },
    clients: new OpenTwins(createTwinHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG }), (id) =>
      store.connection(id),
    ),
    para: { iotEnabled: true, hub: null, workerId: 1, rootSecret: null },
    log: SILENT_LOG,
  });
  await mirror.start();
  onTestFinished(() => mirror.stop());
  const made = (await store.createProduct({ ownerId: "ada", name: "P", slug: "p", description: "" }))!;
  const scope: Scope = { kind: "product", productId: made.id };
  await store.addToProduct(made.id, [deviceId(1)]);
  const device = (await store.device(deviceId(1)))!;
  const wrong = Buffer.from("another key").toString("base64");
  const hub = { hubName: "local", hostName: "local", policyName: connection.policyName, policyKey: wrong };
  const theirs = settings({ kind: "sandbox", accountId: "bob" }, { ...hub, event: "x" });
  await store.createIntegration(theirs);
  const before = await store.saveStateSettings(scope, STATE_DEFAULTS, hub);
  await mirror.states.settingsChanged(scope);
  const written = await mirror.states.write(device, { kind: "merge", patch: { fan: 3 } }, 5_000);
  expect(stateOf(written)).toMatchObject({ pendingSince: expect.any(Number) as number });
  expect(stateOf(written).trouble?.failure.code).toBe("key_refused");

  const after = await store.saveStateSettings(scope, STATE_DEFAULTS, { ...hub, policyKey: connection.policyKey });
  expect(after.hub?.connectionId).not.toBe(before.hub?.connectionId);
  await mirror.states.settingsChanged(scope);
  await expect.poll(() => mirror.states.state(device.id)).toMatchObject({ pendingSince: null, trouble: null });
  expect((await registry.getTwin(device.id)).responseBody.properties.desired).toMatchObject({ fan: 3 });
});

function stateOf(written: StateWritten): Extract<StateWritten, { kind: "written" }>["state"] {
  if (written.kind === "fault") throw new Error(written.fault.message);
  return written.state;
}
