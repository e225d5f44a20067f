import { expect, test } from "vitest";
import { FAULT_PRESETS } from "./fault-presets.ts";
import { faultInWords, oftenInWords, struckInWords } from "./fault-words.ts";

test("a rule is told as a sentence", () => {
  expect(
    faultInWords({
      where: { point: "transfer", operation: "telemetry", deviceId: "d" },
      effect: { kind: "error", error: "ThrottlingException" },
    }),
  ).toBe("When an AMQP message comes in (telemetry), of d: it is refused with ThrottlingException.");
  expect(faultInWords({ where: { point: "credit" }, effect: { kind: "zeroCredit", ms: 600_000 } })).toBe(
    "When an AMQP sender asks for room: it gets no room for 10 min.",
  );
});

test("what a later hub may know is told in its own words", () => {
  expect(faultInWords({ where: { point: "moon" }, effect: { kind: "eclipse" } })).toBe("At moon: eclipse.");
});

test("how often it strikes is told, and whether it still does", () => {
  const where = { point: "http" };
  const effect = { kind: "drop" };
  expect(oftenInWords({ where, effect })).toBe("each time");
  expect(oftenInWords({ where, effect, times: 3, probability: 0.5, skip: 2, forMs: 90_000 })).toBe(
    "3 times, about 50 % of them, after 2 that pass, for 1.5 min",
  );
  expect(struckInWords({ struck: 1, active: true })).toBe("struck once");
  expect(struckInWords({ struck: 2, active: false })).toBe("over: struck 2 times");
});

test("every preset has words for where it strikes and what it does", () => {
  for (const rule of FAULT_PRESETS.flatMap(({ rules }) => rules)) expect(faultInWords(rule)).toMatch(/^When .+: .+\.$/);
});
