import { expect, test } from "vitest";
import type { EventEndpoint } from "../../core/device-state.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import { CONNECTION } from "../testing/hub-under-test.ts";
import { findTarget } from "./event-hub-target.ts";

const LOCAL = "Endpoint=sb://localhost:5672/;SharedAccessKeyName=service;SharedAccessKey=a2V5;EntityPath=own";
const POLICY = `SharedAccessKeyName=iothubowner;SharedAccessKey=${CONNECTION.policyKey}`;

function find(given: EventEndpoint | null, change: Partial<HubEndpoint> = {}): ReturnType<typeof findTarget> {
  return findTarget({
    endpoint: { hostName: "127.0.0.9", httpsPort: 9, amqpsPort: 9, allowPrivate: true, ...change },
    connection: CONNECTION,
    token: "",
    given,
    now: Date.now,
    signal: new AbortController().signal,
    answerTimeout: 500,
  });
}

test.each([
  ["sb://127.0.0.1/", `Endpoint=sb://127.0.0.1/;${POLICY};EntityPath=my-hub`, true],
  ["127.0.0.1:5671", `Endpoint=sb://127.0.0.1:5671/;${POLICY};EntityPath=my-hub`, true],
  [
    "Endpoint=sb://127.0.0.1/;SharedAccessKeyName=reader;SharedAccessKey=a2V5;EntityPath=other",
    "Endpoint=sb://127.0.0.1/;SharedAccessKeyName=reader;SharedAccessKey=a2V5;EntityPath=my-hub",
    false,
  ],
])("the endpoint %s is signed in to as it says, or by the policy", async (endpoint, connectionString, isOfPolicy) => {
  expect(await find({ endpoint, name: "my-hub" })).toEqual({
    ok: true,
    value: { connectionString, hostName: "127.0.0.1", isOfPolicy },
  });
});

test("a whole connection string names its event hub, when nothing else does", async () => {
  const endpoint = "Endpoint=sb://127.0.0.1/;SharedAccessKeyName=reader;SharedAccessKey=a2V5;EntityPath=other";
  expect(await find({ endpoint, name: "" })).toMatchObject({ ok: true, value: { connectionString: endpoint } });
});

test("who names the Local Hub by whichever of its strings means its stream", async () => {
  const local = { hostName: "localhost", eventHubConnectionString: LOCAL };
  const found = { ok: true, value: { connectionString: LOCAL, hostName: "localhost", isOfPolicy: false } };
  expect(await find({ endpoint: "sb://localhost/", name: "x" }, local)).toEqual(found);
  expect(await find(null, local)).toEqual(found);
});

test.each([
  [{ endpoint: "", name: "x" }, "stream_not_found"],
  [{ endpoint: "sb://127.0.0.1/", name: "" }, "stream_not_found"],
  [{ endpoint: "Endpoint=;SharedAccessKey=secret", name: "x" }, "stream_not_found"],
])("the endpoint %j cannot be used, and the answer keeps its secrets", async (given, code) => {
  const found = await find(given);
  expect(found).toMatchObject({ ok: false, failure: { code } });
  expect(JSON.stringify(found)).not.toMatch(/secret|canary/);
});

test("a private address is not connected to, whoever names it", async () => {
  const given = { endpoint: "sb://127.0.0.1/", name: "x" };
  expect(await find(given, { hostName: "h.azure-devices.net", allowPrivate: false })).toMatchObject({
    ok: false,
    failure: { code: "hub_address_refused" },
  });
});
