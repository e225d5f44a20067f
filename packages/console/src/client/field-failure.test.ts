import { expect, test } from "vitest";
import { ApiFailure } from "./failure.ts";
import { fieldFailure } from "./field-failure.ts";

test("a refusal stands beside the field that it names, and no other", () => {
  const failure = new ApiFailure({ status: 400, message: "message_properties.unit must be a text" });
  expect(fieldFailure(failure, "message_properties")).toBe("message_properties.unit must be a text");
  expect(fieldFailure(failure, "event", "eventName")).toBeUndefined();
  expect(fieldFailure(new ApiFailure({ status: 400, message: "deviceID: no" }), "deviceId", "deviceID")).toBe(
    "deviceID: no",
  );
  expect(fieldFailure(new ApiFailure({ status: 500, message: "event is broken" }), "event")).toBeUndefined();
  expect(fieldFailure(new Error("event"), "event")).toBeUndefined();
});
