import { describe } from "vitest";
import { badInputs, MINE, NOBODYS, THEIRS, UNKNOWN_DEVICE } from "../testing/bad-inputs.ts";
import type { Expected, Row } from "../testing/bad-inputs.ts";

const NOT_CONNECTED = {
  ok: false,
  error: "The device is not connected",
  code: "device_not_connected",
  next_step: "A signal needs the device's MQTT connection, and that it subscribes to its commands.",
};

const { checks, checkNothingHappened } = badInputs();

describe("a device", () => {
  const claim = (title: string, json: unknown, status: number, expected: Expected): Row => [
    title,
    "POST",
    "/v1/devices",
    { json },
    status,
    expected,
  ];
  const change = (title: string, json: unknown, expected: Expected, status = 400): Row => [
    title,
    "PUT",
    `/v1/devices/${MINE}`,
    { json },
    status,
    expected,
  ];
  const denied = (info: string): Expected => ({ ok: false, error: "Permission Denied", info });
  const hex = "id must be 24 hexadecimal digits";
  checks([
    claim("claimed without an id", {}, 400, "id is required"),
    claim("claimed by a number", { id: 7 }, 400, "id must be a string"),
    claim("claimed by a short id", { id: "abc" }, 400, hex),
    claim("claimed by an id of 25 digits", { id: `${MINE}0` }, 400, hex),
    claim("claimed by an id that is not hexadecimal", { id: "z".repeat(24) }, 400, hex),
    claim("claimed by an endless id", { id: "a".repeat(200) }, 400, "id must have at most 128 characters"),
    claim("claimed by blanks", { id: "   " }, 400, "id is required"),
    claim(
      "to be transferred or not",
      { id: NOBODYS, request_transfer: "soon" },
      400,
      "request_transfer must be true or false",
    ),
    claim("of somebody else", { id: THEIRS }, 403, denied("That device belongs to someone else")),
    change("changed in nothing", {}, "Give name, notes or signal"),
    change("changed in what is not its own", { owner: "eve", productId: 1 }, "Give name, notes or signal"),
    change("changed in what only a product's device has", { groups: ["a"] }, "Give name, notes or signal"),
    change("named by a number", { name: 7 }, "name must be a string"),
    change("named by an object", { name: {} }, "name must be a string"),
    change("with a name of 129 characters", { name: "n".repeat(129) }, "name must have at most 128 characters"),
    change("with a line break in its name", { name: "a\nb" }, "name must not hold control characters"),
    change("with an escape in its name", { name: "\u001b[2J" }, "name must not hold control characters"),
    change("with half a character in its name", { name: "\ud83c" }, "name must not hold control characters"),
    change(
      "with a name that is taken",
      { name: "attic" },
      denied("Another device of this account has that name already"),
      403,
    ),
    change("with endless notes", { notes: "n".repeat(1001) }, "notes must have at most 1000 characters"),
    change("that should blink", { signal: "1" }, NOT_CONNECTED, 404),
    change("that should blink somehow", { signal: "red" }, "signal must be true or false"),
    ["that is unknown", "GET", `/v1/devices/${NOBODYS}`, {}, 403, UNKNOWN_DEVICE],
    ["by a climbing path", "GET", "/v1/devices/..%2f..%2fadmin", {}, 403, UNKNOWN_DEVICE],
    ["by an endless name", "GET", `/v1/devices/${"n".repeat(200)}`, {}, 403, UNKNOWN_DEVICE],
    ["by a broken escape", "GET", "/v1/devices/%zz", {}, 400, "Malformed request"],
    ["that is unknown, released", "DELETE", "/v1/devices/cellar", {}, 403, UNKNOWN_DEVICE],
    ["that is unknown, given a token", "POST", "/v1/devices/cellar/token", {}, 403, UNKNOWN_DEVICE],
  ]);
});

checkNothingHappened();
