import { expect, test } from "vitest";
import { changedKeys } from "./key-fields.ts";

const NONE = { policyName: "isthmus", primary: "", secondary: "" };

test("what was not typed is not changed", () => {
  expect(changedKeys(NONE, "isthmus")).toEqual({});
  expect(changedKeys({ ...NONE, primary: " a2V5 " }, "isthmus")).toEqual({ policy_key: "a2V5" });
  expect(changedKeys({ ...NONE, policyName: "owner", secondary: "eA==" }, "isthmus")).toEqual({
    policy_name: "owner",
    secondary_policy_key: "eA==",
  });
});

test("a connection string brings its policy along, unless another was typed", () => {
  const text = "HostName=h.azure-devices.net;SharedAccessKeyName=other;SharedAccessKey=a2V5";
  expect(changedKeys({ ...NONE, primary: text }, "isthmus")).toEqual({ policy_name: "other", policy_key: text });
  expect(changedKeys({ ...NONE, primary: text, policyName: "typed" }, "isthmus")).toMatchObject({
    policy_name: "typed",
  });
});
