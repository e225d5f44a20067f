import { expect, test } from "vitest";
import { parseInBandFault } from "./in-band-faults.ts";

function read(properties: Record<string, string>): unknown {
  return parseInBandFault(new Map(Object.entries(properties).map(([k, v]) => [`AzIoTHub_FaultOperation${k}`, v])));
}

test("type, reason, delay and duration are read", () => {
  expect(read({ Type: "ShutDownMqtt", CloseReason: "byTest", DelayInSecs: "1", DurationInSecs: "20" })).toEqual({
    operation: "ShutDownMqtt",
    closeReason: "byTest",
    delayMs: 1000,
    durationMs: 20_000,
  });
});

test("missing or malformed times count as 0, and long ones are cut", () => {
  expect(read({ Type: "killtcp", DelayInSecs: "soon" })).toMatchObject({
    operation: "KillTcp",
    delayMs: 0,
    durationMs: 0,
  });
  expect(read({ Type: "Throttle", DurationInSecs: "1e99" })).toMatchObject({ durationMs: 86_400_000 });
});

test("an unknown or missing fault type asks for nothing", () => {
  expect(read({ Type: "KillEverything" })).toBeUndefined();
  expect(read({ CloseReason: "x" })).toBeUndefined();
});
