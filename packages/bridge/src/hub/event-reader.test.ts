import type { Sender } from "rhea";
import { expect, onTestFinished, test } from "vitest";
import type { Failure } from "../core/failure.ts";
import type { HubEndpoint, HubEvent, MonitorOptions } from "../core/hub-client.ts";
import { monitorEvents } from "./event-reader.ts";
import { startAmqpStandIn } from "./testing/amqp-stand-in.ts";
import type { AmqpStandIn } from "./testing/amqp-stand-in.ts";
import { makeTestCertificate } from "./testing/certificate.ts";
import { startEventHub } from "./testing/event-hub-stand-in.ts";
import { CONNECTION } from "./testing/hub-under-test.ts";

function connectionString(port: number): string {
  const { policyName, policyKey } = CONNECTION;
  return `Endpoint=sb://localhost:${port}/;SharedAccessKeyName=${policyName};SharedAccessKey=${policyKey};EntityPath=hub;UseDevelopmentEmulator=true`;
}

function monitor(
  endpoint: Partial<HubEndpoint>,
  options: Partial<MonitorOptions> = {},
  openTimeout = 60_000,
): { readonly result: ReturnType<typeof monitorEvents>; readonly events: HubEvent[]; readonly failures: Failure[] } {
  const [events, failures]: [HubEvent[], Failure[]] = [[], []];
  const result = monitorEvents(
    {
      endpointOf: () => ({ hostName: "localhost", httpsPort: 9, amqpsPort: 9, allowPrivate: true, ...endpoint }),
      now: Date.now,
      openTimeout,
    },
    CONNECTION,
    {
      since: 1_699_999_999_000,
      onEvent: (event) => events.push(event),
      onFailure: (failure) => failures.push(failure),
      signal: new AbortController().signal,
      ...options,
    },
  );
  return { result, events, failures };
}

test("events of all partitions are read with their properties, and reading ends with the signal", async () => {
  const hub = await startEventHub();
  const stop = new AbortController();
  const { result, events, failures } = monitor(
    { eventHubConnectionString: connectionString(hub.port) },
    { signal: stop.signal },
  );
  expect(await result).toEqual({ ok: true, value: null });
  await expect.poll(() => events).toHaveLength(2);
  expect(events.toSorted((a, b) => a.partitionId.localeCompare(b.partitionId))).toMatchObject([
    {
      deviceId: "device-0",
      partitionId: "0",
      body: { data: 1 },
      properties: { event: "temp" },
      sequenceNumber: 7,
      enqueuedTime: 1_700_000_000_000,
    },
    { deviceId: "device-1", partitionId: "1" },
  ]);
  expect(hub.filters.join()).toContain("x-opt-enqueued-time > '1699999999000'");
  stop.abort();
  expect(failures).toEqual([]);
});

test("a reader whose token is refused says so instead of staying silent", async () => {
  const hub = await startEventHub({ tokenStatus: 401 });
  const { result } = monitor({ eventHubConnectionString: connectionString(hub.port) });
  const answer = await result;
  expect(answer).toMatchObject({ ok: false, failure: { code: "key_refused" } });
  expect(JSON.stringify(answer)).not.toContain(CONNECTION.policyKey);
});

test("an endpoint where nobody listens, and an address that is not allowed, are failures", async () => {
  const { result } = monitor({ eventHubConnectionString: connectionString(1) });
  expect(await result).toMatchObject({ ok: false, failure: { code: "hub_unreachable" } });
  const private_ = monitor({ eventHubConnectionString: connectionString(1), allowPrivate: false });
  expect(await private_.result).toMatchObject({ ok: false, failure: { code: "hub_address_refused" } });
});

async function startRedirecting(
  receiver: (sender: Sender) => void,
): Promise<{ readonly standIn: AmqpStandIn; readonly endpoint: Partial<HubEndpoint>; readonly logins: string[] }> {
  const certificate = makeTestCertificate();
  const logins: string[] = [];
  const standIn = await startAmqpStandIn(certificate, {
    login: (user, password) => logins.push(`${user} ${password}`) > 0 && user !== "wrong",
    receiver: (sender, address) => address === "messages/events/$management" && receiver(sender),
  });
  onTestFinished(() => standIn.close());
  return { standIn, endpoint: { amqpsPort: standIn.port, ca: certificate.ca }, logins };
}

test("the endpoint is found through the hub's redirect, signed in as the policy", async () => {
  const { standIn, endpoint, logins } = await startRedirecting((sender) =>
    sender.close({
      condition: "amqp:link:redirect",
      description: "elsewhere",
      // Nobody listens there: that it is asked shows that the redirect was followed.
      info: { hostname: "localhost", port: 1, address: "amqps://localhost:1/iothub-ehub-x/$management" },
    }),
  );
  const { result } = monitor(endpoint);
  expect(await result).toMatchObject({
    ok: false,
    failure: { code: "hub_unreachable", hubCode: "ECONNREFUSED" },
  });
  expect(logins[0]).toMatch(/^iothubowner@sas\.root\.localhost SharedAccessSignature sr=localhost&sig=/);
  await expect.poll(() => standIn.connections.size).toBe(0);
});

test.each([
  [{ condition: "amqp:unauthorized-access", description: "no service connect" }, "permission_missing"],
  [{ condition: "amqp:link:redirect", info: { hostname: "x", address: "nonsense" } }, "hub_error"],
  [{ condition: "amqp:internal-error" }, "hub_error"],
])("a link refused with %j means %s", async (error, code) => {
  const { endpoint } = await startRedirecting((sender) => sender.close(error));
  expect(await monitor(endpoint).result).toMatchObject({ ok: false, failure: { code } });
});

test("a hub that keeps the link open and says nothing is given up", async () => {
  const { endpoint } = await startRedirecting(() => undefined);
  expect(await monitor(endpoint, {}, 200).result).toMatchObject({ ok: false, failure: { code: "hub_unreachable" } });
});
