import { Client } from "azure-iothub";
import { expect, test } from "vitest";
import type { MethodCall } from "../hub/methods/methods.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

/** A call by hand; resolves with status, error name and document. */
async function call(hub: LocalHub, body: unknown, path: string = "/twins/d/methods"): Promise<unknown[]> {
  const answer = await hub.send({
    method: "POST",
    path: path + VERSION,
    headers: { authorization: hub.token("service") },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const document = JSON.parse(answer.text) as unknown;
  return answer.status === 200 ? [200, document] : [answer.status, answer.headers["iothub-errorcode"]];
}

/** A device that answers each call by what `answer` makes of it. */
function device(hub: LocalHub, answer: (call: MethodCall) => [number, string] | undefined, moduleId?: string): void {
  const ref = moduleId === undefined ? { deviceId: "d" } : { deviceId: "d", moduleId };
  const { methods } = hub.emulator.hub;
  methods.offer(ref, (taken) => {
    const result = answer(taken);
    if (result !== undefined) methods.respond(ref, taken.requestId, result[0], Buffer.from(result[1]));
  });
}

test("the service SDK calls a device's and a module's method, and gets their own status and payload", async () => {
  await using hub = await startLocalHub();
  const { registry } = hub.emulator.hub;
  await registry.create("d", {});
  await registry.create({ deviceId: "d", moduleId: "m" }, {});
  const client = hub.service();
  device(hub, ({ methodName, payload }) => [299, `{"was":[${JSON.stringify(methodName)},${payload.toString()}]}`]);
  device(hub, () => [500, ""], "m");
  const request = { methodName: "reboot ü", payload: { in: 3 }, responseTimeoutInSeconds: 15 };
  expect((await client.invokeDeviceMethod("d", request)).result).toEqual({
    status: 299,
    payload: { was: ["reboot ü", { in: 3 }] },
  });
  expect((await client.invokeDeviceMethod("d", { methodName: "x" })).result).toMatchObject({
    payload: { was: ["x", null] },
  });
  expect((await client.invokeDeviceMethod("d", "m", request)).result).toEqual({ status: 500, payload: null });
  await expect(client.invokeDeviceMethod("nobody", request)).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  expect(client).toBeInstanceOf(Client);
});

test("a device that is not connected is told of as the SDK expects", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  expect(await call(hub, { methodName: "x" })).toEqual([404, "DeviceNotOnline"]);
  const refused = hub.service().invokeDeviceMethod("d", { methodName: "x" });
  await expect(refused).rejects.toMatchObject({
    responseBody: expect.stringContaining("ErrorCode:DeviceNotOnline") as string,
  });
  expect(await call(hub, { methodName: "x" }, "/twins/d/modules/m/methods")).toEqual([404, "ModuleNotFound"]);
});

test.each<[string, unknown, number?, string?]>([
  ["no name", {}],
  ["an empty name", { methodName: "" }],
  ["a response timeout of 4 seconds", { methodName: "x", responseTimeoutInSeconds: 4 }],
  ["a response timeout of 301 seconds", { methodName: "x", responseTimeoutInSeconds: 301 }],
  ["a response timeout that is no number", { methodName: "x", responseTimeoutInSeconds: "30" }],
  ["a connect timeout below zero", { methodName: "x", connectTimeoutInSeconds: -1 }],
  ["a connect timeout of 301 seconds", { methodName: "x", connectTimeoutInSeconds: 301 }],
  ["an array", []],
  ["a payload of more than 128 KB", { methodName: "x", payload: "x".repeat(131_071) }, 413, "MessageTooLarge"],
])("%s is refused", async (_, body, status = 400, name = "ArgumentInvalid") => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  expect(await call(hub, body)).toEqual([status, name]);
});
