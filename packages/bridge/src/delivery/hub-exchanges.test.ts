import { expect, test } from "vitest";
import type { Outcome } from "../core/failure.ts";
import type { HubMessage } from "../core/hub-client.ts";
import { HubExchanges } from "./hub-exchanges.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const message = (body: string): HubMessage => ({
  messageId: "m1",
  body: Buffer.from(body),
  contentType: "application/json",
  contentEncoding: "utf-8",
  creationTime: 0,
  properties: { event: "temp", seq: "1" },
});

test("what was sent and said is shown, cut at 2 KB, once a second for each integration and end", async () => {
  const clock = new VirtualClock();
  const exchanges = new HubExchanges(clock);
  const sample = (integrationId: string, deviceId: string, sent: HubMessage, outcome: Outcome): Outcome =>
    exchanges.sample({ integrationId, deviceId, message: sent, outcome, startedAt: 10 });
  const delivered = { kind: "delivered" } as const;
  const failure = { code: "throttled", message: "Too fast.", hubCode: "429001" } as const;
  const failed = { kind: "failed", failure } as const;
  await clock.advance(30);
  const first = sample("i1", "x-d1", message('{"data":1}'), delivered);
  expect(first.exchange).toMatchObject({ status: "accepted", durationMs: 20 });
  expect(first.exchange?.request).toContain('"device_id":"x-d1"');
  expect(first.exchange?.request).toContain('{"data":1}');
  expect(sample("i1", "x-d1", message("{}"), delivered)).toBe(delivered);
  expect(sample("i1", "x-d1", message("{}"), failed)).toMatchObject({
    failure,
    exchange: { status: "429001", response: "Too fast." },
  });
  const other = sample("i2", "d1", message("a".repeat(100_000)), delivered);
  expect(other.exchange?.request).toHaveLength(2_048);
  await clock.advance(1_000);
  expect(sample("i1", "x-d1", message("{}"), delivered).exchange).toBeDefined();
});
