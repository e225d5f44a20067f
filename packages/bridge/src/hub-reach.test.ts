import { expect, test } from "vitest";
import type { HubConnection } from "./core/integration.ts";
import { createHubReach, type HubReach } from "./hub-reach.ts";
import type { LocalHub } from "./local-hub.ts";
import type { ParaHub } from "./para-settings.ts";
import { anIntegration } from "./delivery/testing/examples.ts";

const ADDRESSES = {
  hostName: "localhub.localhost",
  httpsPort: 1,
  amqpsPort: 2,
  ca: "PEM",
  policies: { iothubowner: "owner's key", device: "device's key" },
  plainEventHubConnectionString: "Endpoint=sb://…",
} as unknown as LocalHub["addresses"];

const KEPT: HubConnection = {
  id: "hub",
  hostName: "local",
  policyName: "",
  policyKey: "",
  secondaryKey: null,
  entra: null,
};

function reachOf(kept: Partial<HubConnection>, withLocalHub = true, paraHub: ParaHub | null = null): HubReach {
  const integration = anIntegration();
  const store = {
    integration: async (id: string) => (id === integration.id ? integration : null),
    connection: async () => ({ ...KEPT, ...kept }),
  };
  const localHub = withLocalHub ? { addresses: ADDRESSES } : null;
  return createHubReach({ store, localHub, hubHosts: ["my.hub"], paraHub });
}

test("the Local Hub's policy and key need not be given", async () => {
  expect(await reachOf({}).connection("hub")).toMatchObject({ policyName: "iothubowner", policyKey: "owner's key" });
  const named = await reachOf({ policyName: "device" }).connection("hub");
  expect(named).toMatchObject({ policyName: "device", policyKey: "device's key" });
});

test("a key that was given stays, and no other hub is given the Local Hub's", async () => {
  expect(await reachOf({ policyKey: "mine" }).connection("hub")).toMatchObject({ policyKey: "mine" });
  expect(await reachOf({ hostName: "a.azure-devices.net" }).connection("hub")).toMatchObject({ policyKey: "" });
});

test("a connection is found by its integration, and the Local Hub's by its name", async () => {
  const reach = reachOf({});
  expect(await reach.connectionOf(anIntegration().id)).toMatchObject({ id: "hub" });
  expect(await reach.connectionOf("local")).toMatchObject({ id: "local", policyKey: "owner's key" });
  expect(await reach.connectionOf("nothing")).toBe(null);
  expect(await reachOf({}, false).connectionOf("local")).toBe(null);
});

test("states are mirrored by the hub of Para's settings, else by the Local Hub, else by none", async () => {
  const reach = reachOf({}, true, { hostName: "abc.azure-devices.net", accessKey: "theirs", events: null });
  expect(reach.defaultConnectionId).toBe("para");
  expect(await reach.connection("para")).toMatchObject({
    hostName: "abc.azure-devices.net",
    policyName: "iothubowner",
    policyKey: "theirs",
  });
  expect(reachOf({}).defaultConnectionId).toBe("local");
  expect(await reachOf({}).connection("local")).toMatchObject({ policyName: "iothubowner", policyKey: "owner's key" });
  expect(reachOf({}, false).defaultConnectionId).toBe(null);
});

test("Azure's hubs are at their names, and private addresses are for the operator's list and the Local Hub", () => {
  const reach = reachOf({});
  const at = (hostName: string): object | undefined => reach.endpointOf({ ...KEPT, hostName });
  expect(at("a.azure-devices.net")).toMatchObject({
    hostName: "a.azure-devices.net",
    amqpsPort: 5671,
    allowPrivate: false,
  });
  expect(at("my.hub")).toMatchObject({ allowPrivate: true });
  expect(at("local")).toMatchObject({ hostName: "localhub.localhost", amqpsPort: 2, ca: "PEM", allowPrivate: true });
  expect(reachOf({}, false).endpointOf(KEPT)).toBe(undefined);
});

test("who names the Local Hub by its host means it, and is told when there is none", () => {
  expect(reachOf({}).hostOf(" LocalHub.localhost ")).toEqual({ ok: true, hostName: "local" });
  expect(reachOf({}, false).hostOf("local")).toMatchObject({
    ok: false,
    message: expect.stringContaining("ISTHMUS_LOCAL_HUB=on") as unknown,
  });
  expect(reachOf({}).hostOf("my-hub")).toEqual({ ok: true, hostName: "my-hub.azure-devices.net" });
});
