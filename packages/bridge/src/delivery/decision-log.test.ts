import { expect, test } from "vitest";
import type { Log } from "../core/log.ts";
import { decisionLog } from "./decision-log.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

test("an outage writes a hundred lines of a kind in ten seconds, and says how many more there were", async () => {
  const clock = new VirtualClock();
  const lines: [object, string][] = [];
  const write = (fields: object, name: string): void => void lines.push([fields, name]);
  const log: Log = decisionLog({ debug: write, info: write, warn: write, error: write }, clock);
  for (let i = 0; i < 5_000; i += 1) log.info({ deliveryId: i, code: "outcome_unknown" }, "delivery.waits");
  log.warn({ deliveryId: 1, code: "message_refused" }, "delivery.parked");
  expect(lines).toHaveLength(101);
  await clock.advance(10_000);
  expect(lines.at(-1)).toEqual([{ kind: "delivery.waits outcome_unknown", count: 4_900 }, "log.left_out"]);
  log.info({ code: "outcome_unknown" }, "delivery.waits");
  expect(lines).toHaveLength(103);
});
