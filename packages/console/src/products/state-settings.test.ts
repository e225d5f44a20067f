import { expect, test } from "vitest";
import { changedStateFields, stateFormOf, type StateSettings } from "./state-settings.ts";

const STORED: StateSettings = {
  telemetry: "merge",
  conflicts: "newest",
  cloud_to_device: false,
  consumer_group: "$Default",
  event_endpoint: null,
  event_hub_name: null,
  sweep_seconds: null,
  hub_name: "plant",
  policy_name: "isthmus",
  is_default: false,
};
const FORM = stateFormOf(STORED);

test("what was not changed is not sent", () => {
  expect(changedStateFields(FORM, STORED)).toEqual({});
});

test("changes are sent in the API's words", () => {
  const form = { ...FORM, telemetry: "replace", cloudToDevice: true, sweepSeconds: "90", consumerGroup: "" };
  expect(changedStateFields(form, STORED)).toEqual({
    telemetry: "replace",
    cloud_to_device: true,
    sweep_seconds: 90,
    consumer_group: "$Default",
  });
});

test("what is no number is left to the server to refuse", () => {
  expect(changedStateFields({ ...FORM, sweepSeconds: "soon" }, STORED)).toEqual({ sweep_seconds: "soon" });
});

test("a new key goes with its hub and policy; without one the stored key stays", () => {
  expect(changedStateFields({ ...FORM, policyKey: "a2V5" }, STORED)).toEqual({
    hub_name: "plant",
    policy_name: "isthmus",
    policy_key: "a2V5",
  });
  expect(changedStateFields({ ...FORM, policyName: "other" }, STORED)).toEqual({
    hub_name: "plant",
    policy_name: "other",
  });
});

test("an empty hub goes back to the server's own, an empty interval to the default", () => {
  const form = { ...FORM, hubName: "", policyName: "isthmus", sweepSeconds: "" };
  expect(changedStateFields(form, { ...STORED, sweep_seconds: 60 })).toEqual({ hub_name: null, sweep_seconds: null });
});
