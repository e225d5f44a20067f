import { describe, expect, test } from "vitest";
import { FAILURES } from "../../core/failure.ts";
import { webhookOutcome } from "./webhook-outcome.ts";

const NOW = 1_760_443_200_000;
const settings = { url: "https://example.com/in" };

function outcomeOf(status: number, { headers = {}, text = "", url = settings.url } = {}): unknown {
  const outcome = webhookOutcome({ status, headers, body: Buffer.from(text) }, { settings: { url }, now: NOW });
  return outcome.kind === "delivered" ? "delivered" : outcome.failure;
}

describe("an answer", () => {
  test.each([200, 201, 202, 204, 299])("%i is a delivery", (status) => {
    expect(outcomeOf(status)).toBe("delivered");
  });

  test.each([
    [301, "webhook_not_found"],
    [400, "webhook_rejected"],
    [401, "webhook_refused"],
    [403, "webhook_refused"],
    [404, "webhook_not_found"],
    [408, "webhook_unreachable"],
    [413, "webhook_rejected"],
    [422, "webhook_rejected"],
    [429, "webhook_throttled"],
    [500, "webhook_error"],
    [503, "webhook_error"],
  ])("%i is %s", (status, code) => {
    expect(outcomeOf(status)).toMatchObject({ code, hubCode: String(status) });
  });

  test("about one event parks it, all others concern the target and cost no attempt", () => {
    expect(FAILURES.webhook_rejected).toMatchObject({ scope: "event", verdict: "refused" });
    for (const code of ["webhook_refused", "webhook_not_found", "webhook_throttled", "webhook_error"] as const) {
      expect(FAILURES[code]).toMatchObject({ scope: "hub", verdict: "retry" });
    }
  });

  test("404 is about the event where the event makes the address", () => {
    expect(outcomeOf(404, { url: "https://example.com/{{PARTICLE_DEVICE_ID}}" })).toMatchObject({
      code: "webhook_rejected",
    });
  });

  test("says when to come back, in seconds or as a date", () => {
    expect(outcomeOf(429, { headers: { "retry-after": "30" } })).toMatchObject({ notBefore: NOW + 30_000 });
    const date = new Date(NOW + 60_000).toUTCString();
    expect(outcomeOf(503, { headers: { "retry-after": date } })).toMatchObject({ notBefore: NOW + 60_000 });
    expect(outcomeOf(503, { headers: { "retry-after": "soon" } })).not.toHaveProperty("notBefore");
  });

  test("is told in its own words, on one line and not too long", () => {
    expect(outcomeOf(400, { text: "no\nsuch\u001b[31mfield" })).toMatchObject({
      message: "The target answered 400: no such [31mfield.",
    });
    expect((outcomeOf(400, { text: "x".repeat(9_999) }) as { message: string }).message.length).toBeLessThan(260);
  });
});
