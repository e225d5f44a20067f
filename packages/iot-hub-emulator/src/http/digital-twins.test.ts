import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";
const MODEL = "dtmi:com:example:TemperatureController;1";

interface Options {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function call(hub: LocalHub, path: string, { method = "GET", body, headers = {} }: Options = {}) {
  const answer = await hub.send({
    method,
    path,
    headers: { authorization: hub.token("service"), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { ...answer, json: answer.text === "" ? undefined : (JSON.parse(answer.text) as unknown) };
}

const TWIN = `/digitaltwins/d${VERSION}`;

function patch(hub: LocalHub, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return call(hub, TWIN, { method: "PATCH", body, headers });
}

async function withDevice(): Promise<LocalHub> {
  const hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  return hub;
}

test("a digital twin tells the model, values, what is desired and what the device acknowledged, per component", async () => {
  await using hub = await withDevice();
  const { twins } = hub.emulator.hub;
  await twins.setModelId("d", MODEL);
  await twins.patch("d", { desired: { fan: 2, thermostat1: { __t: "c", targetTemperature: 21.8 } } });
  await twins.report("d", {
    serialNumber: "sn",
    thermostat1: {
      __t: "c",
      maxTemperature: 25.3,
      targetTemperature: { value: 21.8, ac: 200, av: 2, ad: "done" },
    },
  });
  const { status, json, headers } = await call(hub, TWIN);
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
  expect(status).toBe(200);
  expect(headers.etag).toBe(`"${twins.get("d").etag}"`);
  expect(json).toEqual({
    $dtId: "d",
    serialNumber: "sn",
    thermostat1: {
      maxTemperature: 25.3,
      targetTemperature: 21.8,
      $metadata: {
        maxTemperature: { lastUpdateTime: at },
        targetTemperature: {
          desiredValue: 21.8,
          desiredVersion: 2,
          ackVersion: 2,
          ackCode: 200,
          ackDescription: "done",
          lastUpdateTime: at,
        },
      },
    },
    $metadata: { $model: MODEL, serialNumber: { lastUpdateTime: at }, fan: { desiredValue: 2, desiredVersion: 2 } },
  });
});

test("a device that named no model has a digital twin too", async () => {
  await using hub = await withDevice();
  expect((await call(hub, TWIN)).json).toEqual({ $dtId: "d", $metadata: { $model: "" } });
  expect((await call(hub, `/digitaltwins/nobody${VERSION}`)).status).toBe(404);
});

test("operations become desired properties: components are marked, whole values replace, what is removed goes", async () => {
  await using hub = await withDevice();
  const { twins } = hub.emulator.hub;
  const heard: unknown[] = [];
  twins.onDesired({ deviceId: "d" }, (change) => heard.push(change));
  const first = await patch(hub, [
    { op: "add", path: "/fan", value: { speed: 1, mode: "slow" } },
    { op: "add", path: "/thermostat1/targetTemperature", value: 21.4 },
    { op: "replace", path: "/thermostat1/other", value: true },
  ]);
  expect([first.status, first.text]).toEqual([202, ""]);
  expect(first.headers.etag).toBe(`"${twins.get("d").etag}"`);
  expect(first.headers.location).toBe("https://localhost/digitaltwins/d");
  expect(twins.own("d").desired).toEqual({
    $version: 2,
    fan: { speed: 1, mode: "slow" },
    thermostat1: { __t: "c", targetTemperature: 21.4, other: true },
  });
  await patch(hub, [
    { op: "replace", path: "/fan", value: { speed: 3 } },
    { op: "remove", path: "/thermostat1/other" },
    { op: "replace", path: "/thermostat1/targetTemperature", value: 21.4 },
  ]);
  expect(heard[1]).toEqual({
    $version: 3,
    fan: { speed: 3, mode: null },
    thermostat1: { __t: "c", other: null, targetTemperature: 21.4 },
  });
  await patch(hub, [{ op: "add", path: "/thermostat1", value: { min: 5, $metadata: {} } }]);
  expect(heard[2]).toEqual({ $version: 4, thermostat1: { __t: "c", targetTemperature: null, min: 5 } });
  expect(twins.own("d").desired["thermostat1"]).toEqual({ __t: "c", min: 5 });
  // With its last property a component goes, and comes again by an operation of the same patch.
  await patch(hub, [
    { op: "remove", path: "/thermostat1/min" },
    { op: "remove", path: "/fan" },
    { op: "remove", path: "/never" },
  ]);
  expect(twins.own("d").desired).toEqual({ $version: 5 });
  await patch(hub, [
    { op: "add", path: "/a", value: 1 },
    { op: "remove", path: "/a" },
    { op: "add", path: "/a/b", value: 2 },
  ]);
  expect(twins.own("d").desired).toEqual({ $version: 6, a: { __t: "c", b: 2 } });
});

test("a patch goes by the etag that its sender read", async () => {
  await using hub = await withDevice();
  const operations = [{ op: "add", path: "/a", value: 1 }];
  const { etag = "" } = (await call(hub, TWIN)).headers;
  expect((await patch(hub, operations, { "if-match": etag })).status).toBe(202);
  const late = await patch(hub, operations, { "if-match": etag });
  expect([late.status, late.headers["iothub-errorcode"]]).toEqual([412, "PreconditionFailed"]);
  expect((await patch(hub, operations, { "if-match": '"*"' })).status).toBe(202);
});

test.each<[string, unknown]>([
  ["no array", { op: "add", path: "/a", value: 1 }],
  ["an operation that is no object", [1]],
  ["an operation of JSON Patch that twins have not", [{ op: "move", path: "/a", from: "/b" }]],
  ["no path", [{ op: "add", value: 1 }]],
  ["the whole twin", [{ op: "add", path: "", value: {} }]],
  ["a path into a value", [{ op: "add", path: "/c/p/x", value: 1 }]],
  ["a name with a character that models have not", [{ op: "add", path: "/a-b", value: 1 }]],
  ["the mark of components as a name", [{ op: "add", path: "/c/__t", value: 1 }]],
  ["an inherited name of the language below a plain property", [{ op: "add", path: "/plain/toString", value: 1 }]],
  ["no value", [{ op: "add", path: "/a" }]],
  ["an array", [{ op: "add", path: "/a", value: { b: [1] } }]],
  ["a null inside", [{ op: "add", path: "/a", value: { b: null } }]],
  ["six levels", [{ op: "add", path: "/a", value: { a: { a: { a: { a: { a: { a: 1 } } } } } } }]],
  ["a component without its mark", [{ op: "add", path: "/c", value: { p: 1 } }]],
  ["a mark that is not empty", [{ op: "add", path: "/c", value: { p: 1, $metadata: { p: {} } } }]],
  ["a property of what is no component", [{ op: "add", path: "/plain/p", value: 1 }]],
  ["a text of more than 4 KB", [{ op: "add", path: "/a", value: "x".repeat(4097) }]],
  [
    "one bad operation after a good one",
    [
      { op: "add", path: "/a", value: 1 },
      { op: "add", path: "/_", value: 1 },
    ],
  ],
])("%s is refused, and nothing is written", async (_, operations) => {
  await using hub = await withDevice();
  const { twins } = hub.emulator.hub;
  await twins.report("d", { c: { __t: "c", p: 0 }, plain: 1 });
  const { status, headers } = await patch(hub, operations);
  expect([status, headers["iothub-errorcode"]]).toEqual([400, "ArgumentInvalid"]);
  expect(twins.own("d").desired).toEqual({ $version: 1 });
});

test("commands are direct methods, those of components with a star between the names", async () => {
  await using hub = await withDevice();
  const { methods } = hub.emulator.hub;
  methods.offer({ deviceId: "d" }, ({ requestId, methodName, payload }) =>
    methods.respond(
      { deviceId: "d" },
      requestId,
      201,
      Buffer.from(`[${JSON.stringify(methodName)},${payload.toString()}]`),
    ),
  );
  const root = await call(hub, `/digitaltwins/d/commands/reboot${VERSION}`, { method: "POST", body: { in: 3 } });
  expect([root.status, root.json]).toEqual([200, ["reboot", { in: 3 }]]);
  expect(root.headers["x-ms-command-statuscode"]).toBe("201");
  expect(root.headers["x-ms-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  const path = `/digitaltwins/d/components/thermostat1/commands/getReport${VERSION}&responseTimeoutInSeconds=10&connectTimeoutInSeconds=1`;
  expect((await call(hub, path, { method: "POST" })).json).toEqual(["thermostat1*getReport", null]);
});

test("a command that cannot reach its device, or asks for an impossible timeout, is refused like a direct method", async () => {
  await using hub = await withDevice();
  const path = `/digitaltwins/d/commands/reboot${VERSION}`;
  const offline = await call(hub, path, { method: "POST", body: "null" });
  expect([offline.status, offline.headers["iothub-errorcode"]]).toEqual([404, "DeviceNotOnline"]);
  for (const timeout of ["responseTimeoutInSeconds=4", "responseTimeoutInSeconds=x", "connectTimeoutInSeconds=-1"]) {
    const { status } = await call(hub, `${path}&${timeout}`, { method: "POST", body: "null" });
    expect([timeout, status]).toEqual([timeout, 400]);
  }
  expect((await call(hub, path, { method: "POST", body: "{" })).status).toBe(400);
});
