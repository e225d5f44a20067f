import { expect, test } from "vitest";
import { FAILURES } from "../core/failure.ts";
import { CLASSIFICATION, classifyRefusal, nextUtcMidnight, scrub } from "./error-classification.ts";
import type { Occasion, Refusal } from "./error-classification.ts";

const NOW = Date.UTC(2026, 5, 30, 13, 5);
const OCCASIONS: readonly Occasion[] = ["token", "connection", "link", "message", "identity", "twin"];

// Written out by hand from the service's documents, not derived from the table under test.
const CASES: readonly (readonly [occasion: Occasion, refusal: Refusal, code: string])[] = [
  ["link", { condition: "amqp:not-found", text: "Device not registered" }, "identity_missing"],
  ["message", { condition: "amqp:not-found", text: "" }, "identity_missing"],
  ["token", { status: 401, name: "IotHubUnauthorizedAccess", text: "401002" }, "key_refused"],
  ["link", { condition: "amqp:unauthorized-access", text: "401002" }, "permission_missing"],
  ["link", { condition: "amqp:unauthorized-access", text: "The key does not match the signature" }, "key_refused"],
  ["identity", { status: 401, text: "The operation needs the permission RegistryWrite." }, "permission_missing"],
  ["connection", { condition: "amqp:not-found", text: "no such hub" }, "hub_not_found"],
  ["token", { status: 401, text: "InvalidSignature" }, "key_refused"],
  ["token", { status: 400, text: "Malformed token" }, "key_refused"],
  ["token", { status: 404, text: "" }, "hub_not_found"],
  ["token", { status: 403, text: "403005: too many tokens" }, "hub_error"],
  ["token", { status: 500, text: "" }, "hub_error"],
  ["token", { condition: "amqp:unauthorized-access", text: "" }, "key_refused"],
  ["connection", { condition: "amqp:unauthorized-access", text: "" }, "key_refused"],
  ["link", { condition: "amqp:unauthorized-access", text: "Unauthorized" }, "permission_missing"],
  ["link", { condition: "amqp:unauthorized-access", text: "401003 IotHubUnauthorized" }, "key_refused"],
  ["link", { condition: "amqp:unauthorized-access", text: "Invalid signature" }, "key_refused"],
  ["link", { condition: "amqp:not-allowed", text: "403012: the device is disabled" }, "device_disabled"],
  ["link", { condition: "amqp:unauthorized-access", text: "Device d1 is disabled." }, "device_disabled"],
  ["message", { condition: "amqp:not-allowed", text: "errorCode: 403012" }, "device_disabled"],
  ["link", { condition: "amqp:link:stolen", text: "" }, "identity_in_use"],
  ["link", { condition: "com.microsoft:link-creation-conflict", text: "" }, "identity_in_use"],
  ["link", { condition: "amqp:internal-error", text: "(409002) conflict" }, "identity_in_use"],
  ["link", { condition: "amqp:link:detach-forced", text: "400027" }, "identity_in_use"],
  ["link", { condition: "amqp:link:detach-forced", text: "moved" }, "outcome_unknown"],
  ["link", { condition: "amqp:resource-limit-exceeded", text: "quota" }, "quota_exceeded"],
  ["message", { condition: "com.microsoft:quota-exceeded", text: "" }, "quota_exceeded"],
  ["message", { condition: "com.microsoft:device-container-throttled", text: "" }, "throttled"],
  [
    "link",
    { condition: "com.microsoft:device-container-throttled", text: "Operation type: AmqpLinkOpen" },
    "throttled",
  ],
  ["message", { condition: "com.microsoft:server-busy", text: "" }, "throttled"],
  ["message", { condition: "amqp:link:message-size-exceeded", text: "" }, "message_too_large"],
  ["message", { condition: "com.microsoft:timeout", text: "" }, "outcome_unknown"],
  ["message", { condition: "amqp:internal-error", text: "" }, "hub_error"],
  ["message", { condition: "com.microsoft:argument-error", text: "bad property" }, "message_refused"],
  ["message", { condition: "amqp:decode-error", text: "" }, "message_refused"],
  ["message", { text: "" }, "message_refused"],
  ["link", { condition: "amqp:not-implemented", text: "" }, "hub_error"],
  ["connection", { condition: "amqp:connection:forced", text: "" }, "hub_unreachable"],
  ["connection", { condition: "com.microsoft:iot-hub-suspended", text: "" }, "hub_error"],
  ["connection", { condition: "com.microsoft:iot-hub-not-found-error", text: "" }, "hub_not_found"],
  ["identity", { status: 401, name: "IotHubUnauthorizedAccess", text: "" }, "key_refused"],
  ["identity", { status: 400, name: "ArgumentInvalid", text: "" }, "device_id_refused"],
  ["identity", { status: 403, name: "IotHubQuotaExceeded", text: "" }, "quota_exceeded"],
  ["identity", { status: 403, text: "403002 quota" }, "quota_exceeded"],
  ["identity", { status: 403, text: "IP filter rule denies" }, "hub_unreachable"],
  ["identity", { status: 403, text: "" }, "permission_missing"],
  ["identity", { status: 413, name: "TooManyDevices", text: "" }, "registry_full"],
  ["identity", { status: 429, text: "" }, "throttled"],
  ["identity", { status: 429, name: "ThrottlingException", text: "429001" }, "throttled"],
  ["identity", { status: 404, name: "IotHubNotFound", text: "" }, "hub_not_found"],
  ["identity", { status: 500, text: "" }, "hub_error"],
  ["identity", { status: 502, text: "<html>bad gateway</html>" }, "hub_error"],
  ["identity", { status: 503, name: "ServiceUnavailable", text: "" }, "hub_error"],
  ["twin", { status: 400, name: "ArgumentInvalid", text: "400004" }, "twin_refused"],
  ["twin", { status: 403, name: "OperationNotAvailableInCurrentTier", text: "403010" }, "not_in_tier"],
  ["twin", { status: 404, name: "DeviceNotFound", text: "404001" }, "identity_missing"],
  ["twin", { status: 413, text: "" }, "twin_refused"],
];

test.each(CASES)("on %s the refusal %j means %s", (occasion, refusal, code) => {
  expect(classifyRefusal(refusal, occasion, NOW).code).toBe(code);
});

test("every row of the table can be reached", () => {
  for (const row of CLASSIFICATION) {
    const occasions = row.on ?? OCCASIONS;
    const ways: Refusal[] = [];
    if (row.number !== undefined) ways.push({ text: `error ${row.number}` }, { text: `errorCode:${row.number};` });
    if (row.name !== undefined) ways.push({ name: row.name, text: "" });
    if (row.condition !== undefined) ways.push({ condition: row.condition, text: "" });
    if (row.status !== undefined) ways.push({ status: row.status, text: "" });
    for (const refusal of ways)
      expect({ refusal, codes: occasions.map((occasion) => classifyRefusal(refusal, occasion, NOW).code) }).toEqual({
        refusal,
        codes: expect.arrayContaining([row.code]) as string[],
      });
  }
});

test("a failure carries the hub's words and its most exact code", () => {
  const failure = classifyRefusal(
    { status: 404, name: "DeviceNotFound", text: "404001 Device d1 not found" },
    "twin",
    NOW,
  );
  expect(failure.message).toContain("Device d1 not found");
  expect(failure.hubCode).toBe("404001");
  expect(classifyRefusal({ condition: "amqp:not-found", text: "" }, "link", NOW).hubCode).toBe("amqp:not-found");
  for (const [occasion, refusal] of CASES)
    expect(FAILURES[classifyRefusal(refusal, occasion, NOW).code].nextStep).not.toBe("");
});

test("a used-up quota waits for midnight UTC, a throttle for as long as the hub says", () => {
  const quota = classifyRefusal({ condition: "com.microsoft:quota-exceeded", text: "" }, "message", NOW);
  expect(new Date(quota.notBefore ?? 0).toISOString()).toBe("2026-07-01T00:00:00.000Z");
  expect(nextUtcMidnight(Date.UTC(2026, 0, 1))).toBe(Date.UTC(2026, 0, 2));
  expect(classifyRefusal({ status: 429, text: "", retryAfter: 7 }, "identity", NOW).notBefore).toBe(NOW + 7_000);
  expect(classifyRefusal({ status: 429, text: "" }, "identity", NOW).notBefore).toBeUndefined();
});

test("a tracking id or a longer number is no error number", () => {
  const text = "Tracking ID:40300212ab34cd56ef-G:0-TimeStamp:06/30/2026 40400123 1.404001";
  expect(classifyRefusal({ condition: "amqp:internal-error", text }, "link", NOW).hubCode).toBe("amqp:internal-error");
});

test("what the hub says never carries a token, a key or a control character further", () => {
  const words =
    "Bad token SharedAccessSignature sr=h&sig=abc%3D&se=1&skn=owner\u001b[31m sig=abc%3D SharedAccessKey=c2VjcmV0\r\nnext";
  const clean = scrub(words);
  expect(clean).not.toMatch(/abc|c2VjcmV0|\p{Cc}/u);
  expect(clean).toContain("next");
  expect(scrub("x".repeat(1_000))).toHaveLength(300);
});
