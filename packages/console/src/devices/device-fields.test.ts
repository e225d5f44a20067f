import { expect, test } from "vitest";
import { changedFields, type DeviceFields } from "./device-fields.ts";

const BEFORE: DeviceFields = {
  name: "Pump",
  notes: "old",
  groups: "north",
  serial_number: "",
  firmware_version: "3",
  development: false,
};

test("only what was changed is sent", () => {
  expect(changedFields(BEFORE, BEFORE)).toEqual({});
  expect(changedFields(BEFORE, { ...BEFORE, name: " Pump 2 ", development: true })).toEqual({
    name: "Pump 2",
    development: true,
  });
});

test("an emptied field is cleared, and groups are a list", () => {
  expect(changedFields(BEFORE, { ...BEFORE, notes: "", firmware_version: "", groups: "north, roof;x" })).toEqual({
    notes: null,
    firmware_version: null,
    groups: ["north", "roof", "x"],
  });
  expect(changedFields(BEFORE, { ...BEFORE, groups: " " })).toEqual({ groups: [] });
});
