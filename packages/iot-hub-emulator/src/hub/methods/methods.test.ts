import { expect, test } from "vitest";
import { Hub } from "../hub.ts";
import type { MethodCall, MethodRequest } from "./methods.ts";

const DEVICE = { deviceId: "d" };

async function open(): Promise<Hub> {
  const hub = await Hub.open({ encodeEvent: ({ body }) => Buffer.from(body) });
  hub.clock.freeze();
  await hub.registry.create("d", {});
  return hub;
}

function request(rest: Partial<MethodRequest> = {}): MethodRequest {
  return { methodName: "x", payload: { a: 1 }, responseTimeoutMs: 30_000, connectTimeoutMs: 0, ...rest };
}

test("a call waits for its device to connect, as long as asked and no longer", async () => {
  const hub = await open();
  await expect(hub.methods.invoke(DEVICE, request())).rejects.toMatchObject({ errorCode: 404103 });
  const short = hub.methods.invoke(DEVICE, request({ connectTimeoutMs: 10_000 }));
  const long = hub.methods.invoke(DEVICE, request({ connectTimeoutMs: 20_000 }));
  hub.clock.advance(9_999);
  hub.clock.advance(1);
  await expect(short).rejects.toMatchObject({ errorName: "DeviceNotOnline" });
  hub.methods.offer(DEVICE, ({ requestId, methodName, payload }) => {
    expect([methodName, payload.toString()]).toEqual(["x", '{"a":1}']);
    hub.methods.respond(DEVICE, requestId, 201, Buffer.from("[1]"));
  });
  expect(await long).toEqual({ status: 201, payload: [1] });
  await hub.close();
});

test("a call to a silent device times out, and its late answer is ignored", async () => {
  const hub = await open();
  const calls: MethodCall[] = [];
  hub.methods.offer(DEVICE, (call) => calls.push(call));
  const invoked = hub.methods.invoke(DEVICE, request({ responseTimeoutMs: 5_000 }));
  hub.clock.advance(5_000);
  await expect(invoked).rejects.toMatchObject({ errorName: "GatewayTimeout", errorCode: 504101 });
  hub.methods.respond(DEVICE, calls[0]?.requestId ?? "", 200, Buffer.from("1"));
  hub.methods.respond({ deviceId: "other" }, "unknown", 200, Buffer.from("1"));
  await hub.close();
});

test("calls under way fail with the connection that took them, and not with an older one", async () => {
  const hub = await open();
  const taken: MethodCall[] = [];
  const endOlder = hub.methods.offer(DEVICE, () => taken.push({} as MethodCall));
  const endNewer = hub.methods.offer(DEVICE, (call) => taken.push(call));
  const first = hub.methods.invoke(DEVICE, request());
  endOlder();
  hub.methods.respond(DEVICE, taken[0]?.requestId ?? "", 200, Buffer.from("true"));
  expect(await first).toEqual({ status: 200, payload: true });
  const second = hub.methods.invoke(DEVICE, request());
  endNewer();
  await expect(second).rejects.toMatchObject({ errorName: "DeviceConnectionClosedRemotely", errorCode: 404104 });
  await expect(hub.methods.invoke(DEVICE, request())).rejects.toMatchObject({ errorName: "DeviceNotOnline" });
  await hub.close();
});

test("only the device that was called can answer", async () => {
  const hub = await open();
  await hub.registry.create("e", {});
  const calls: MethodCall[] = [];
  hub.methods.offer(DEVICE, (call) => calls.push(call));
  hub.methods.offer({ deviceId: "e" }, () => undefined);
  const invoked = hub.methods.invoke(DEVICE, request());
  const id = calls[0]?.requestId ?? "";
  hub.methods.respond({ deviceId: "e" }, id, 200, Buffer.from('"forged"'));
  hub.methods.respond({ deviceId: "d", moduleId: "m" }, id, 200, Buffer.from('"forged"'));
  hub.methods.respond(DEVICE, id, 200, Buffer.from('"own"'));
  expect(await invoked).toEqual({ status: 200, payload: "own" });
  await hub.close();
});

test.each([
  ["no JSON", Buffer.from("{")],
  ["more than 128 KB", Buffer.alloc(131_073, 0x20)],
])("an answer of %s is the device's fault, and told as such", async (_, payload) => {
  const hub = await open();
  hub.methods.offer(DEVICE, ({ requestId }) => hub.methods.respond(DEVICE, requestId, 200, payload));
  await expect(hub.methods.invoke(DEVICE, request())).rejects.toMatchObject({ errorName: "GenericBadGateway" });
  await hub.close();
});

test("calls of one device are bounded, waiting or not", async () => {
  const hub = await open();
  const outcomes = Array.from({ length: 101 }, () =>
    hub.methods
      .invoke(DEVICE, request({ connectTimeoutMs: 1_000 }))
      .catch((error: { errorName: string }) => error.errorName),
  );
  expect(await outcomes[100]).toBe("DeviceMaximumInflightMethodExceeded");
  hub.clock.advance(1_000);
  expect(await outcomes[99]).toBe("DeviceNotOnline");
  await hub.close();
});
