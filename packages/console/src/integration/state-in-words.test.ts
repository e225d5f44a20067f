import { expect, test } from "vitest";
import { retriedInWords, durationInWords, scopeInWords, stateInWords } from "./state-in-words.ts";

const LEDGER = { accepted: 5, delivered: 5, pending: 0, parked: 0, expired: 0, erased: 0 };
const TOLD = { code: "key_refused", message: "m", next_step: "n" };

function words(
  about: { disabled?: boolean; ledger?: Partial<typeof LEDGER> },
  standing: Partial<Parameters<typeof stateInWords>[1]> = {},
): string {
  const known = {
    disabled: about.disabled ?? false,
    counters: { today: { success: 0, error: 0 }, retrying: 0, ledger: { ...LEDGER, ...about.ledger } },
  };
  const { tone, words: said } = stateInWords(known, {
    state: "open",
    failure: null,
    devices_waiting: [],
    warning: null,
    ...standing,
  });
  return `${tone}: ${said}`;
}

test("an integration is healthy until something is not", () => {
  expect(words({})).toBe("good: Healthy");
  expect(words({ ledger: { accepted: 0 } })).toBe("quiet: Ready: no event yet");
  expect(words({ ledger: { parked: 1 } })).toBe("wait: Degraded: 1 event parked");
  expect(words({}, { devices_waiting: [{ ...TOLD, devices: 1, device_id: "d" }] })).toContain("some devices wait");
});

test("what holds all of it up comes before what ails a part of it, and one's own pause before everything", () => {
  const paused = { state: "paused", failure: TOLD } as const;
  expect(words({ ledger: { parked: 3 } }, paused)).toBe("bad: Failing");
  expect(words({ disabled: true }, paused)).toBe("quiet: Paused by you");
  expect(words({}, { state: "paused", failure: { ...TOLD, code: "quota_exceeded" } })).toMatch(
    /^wait: Waiting: .*quota/,
  );
  expect(words({}, { state: "slowed", failure: { ...TOLD, code: "throttled" } })).toBe("wait: Degraded: sends slower");
});

test("what it takes is told as a sentence", () => {
  expect(scopeInWords({ event: "t", scope: { kind: "product", product_id: 7, product_name: "Weather" } }).after).toBe(
    "from any device of Weather",
  );
  expect(scopeInWords({ event: "t", scope: { kind: "sandbox" } }).after).toBe("from any of your own devices");
});

test.each([
  [12, "12 ms"],
  [3_400, "3.4 s"],
  [120_000, "2 min"],
  [10_800_000, "3 h"],
])("%d ms are %s", (ms, said) => expect(durationInWords(ms)).toBe(said));

test("a retry tells what it did with parked and with waiting events", () => {
  expect(retriedInWords({ retried: 0, tried: 0 })).toBe("Nothing was parked or waiting.");
  expect(retriedInWords({ retried: 0, tried: 2 })).toBe("2 events that waited are tried now.");
  expect(retriedInWords({ retried: 1, tried: 1 })).toBe(
    "1 parked event will be sent again. 1 event that waited is tried now.",
  );
});
