import { SharedAccessSignature } from "azure-iot-common";
import { expect, test } from "vitest";
import { accessTokens, hubTokens } from "./access-token.ts";

const HOUR = 3_600_000;
const key = Buffer.from("a policy key").toString("base64");

test("a token is the one that the vendor's SDK would make", () => {
  const now = 1_700_000_000_000;
  const { text } = accessTokens({
    resource: "h.azure-devices.net",
    policyName: "owner",
    policyKey: key,
    now: () => now,
  })();
  const expected = SharedAccessSignature.create("h.azure-devices.net", "owner", key, 1_700_003_600).toString();
  const fields = (token: string): string[] => token.replace("SharedAccessSignature ", "").split("&").toSorted();
  expect(fields(text)).toEqual(fields(expected));
});

test("a token is kept for 80 % of its hour, and not when the clock goes back", () => {
  let now = 1_700_000_000_000;
  const current = accessTokens({ resource: "h", policyName: "p", policyKey: key, now: () => now });
  const first = current();
  expect(first.renewAt).toBe(now + 0.8 * HOUR);
  now += 0.8 * HOUR - 1;
  expect(current()).toBe(first);
  now += 1;
  const second = current();
  expect(second).not.toBe(first);
  now -= 2 * HOUR;
  expect(current()).not.toBe(second);
});

test("another host gets another token", () => {
  const token = hubTokens(
    { id: "c", hostName: "local", policyName: "p", policyKey: key, secondaryKey: null, entra: null },
    () => 0,
  );
  expect(token("a")).toBe(token("a"));
  expect(token("b").text).toContain("sr=b&");
});
