/** How an integration stands and what it takes, in the words of its page. */
import type { Tone } from "../elements/state-badge.tsx";
import type { IntegrationDetail, IntegrationState } from "./integration.ts";

export interface StateInWords {
  readonly tone: Tone;
  readonly words: string;
}

type Known = Pick<IntegrationDetail, "disabled"> & { readonly counters: Pick<IntegrationDetail["counters"], "ledger"> };
type Standing = Pick<IntegrationState, "state" | "failure" | "devices_waiting" | "warning">;

/** Failures that end by themselves at a known moment. */
const WAITS: Readonly<Record<string, string>> = {
  quota_exceeded: "Waiting: the hub's daily quota is used up",
  daily_cap_reached: "Waiting: its daily cap is reached",
};

/** The worst that is true, in a few words. */
export function stateInWords({ disabled, counters }: Known, standing: Standing): StateInWords {
  const { state, failure, devices_waiting: waiting, warning } = standing;
  const { parked, accepted, pending } = counters.ledger;
  if (disabled) return { tone: "quiet", words: "Paused by you" };
  const wait = WAITS[failure?.code ?? ""];
  if (wait !== undefined) return { tone: "wait", words: wait };
  if (state === "paused" || (failure !== null && state !== "slowed")) return { tone: "bad", words: "Failing" };
  if (state === "slowed") return { tone: "wait", words: "Degraded: sends slower" };
  if (waiting.length > 0) return { tone: "wait", words: "Degraded: some devices wait" };
  if (parked > 0) return { tone: "wait", words: `Degraded: ${counted(parked, "event")} parked` };
  if (warning !== null) return { tone: "wait", words: "Degraded: names are not written" };
  if (accepted === 0) return { tone: "quiet", words: "Ready: no event yet" };
  return { tone: "good", words: pending > 0 ? "Healthy: sending" : "Healthy" };
}

/** Which events it takes, in a sentence. `deviceName`: as the device is called. */
export function scopeInWords({ event, deviceID, scope }: Pick<IntegrationDetail, "event" | "deviceID" | "scope">): {
  readonly before: string;
  readonly prefix: string;
  readonly after: string;
} {
  const before = "Takes events whose names begin with";
  if (scope.kind === "product") {
    return {
      before,
      prefix: event,
      after: `from any device of ${scope.product_name ?? `product ${scope.product_id}`}`,
    };
  }
  return { before, prefix: event, after: deviceID === undefined ? "from any of your own devices" : "from the device" };
}

/** As `1 event`, `1,200 events`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;
}

/** As `12 ms`, `3.4 s`, `2 min`. */
export function durationInWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** What a retry did. */
export interface Retried {
  /** Were parked, and are pending again. */
  readonly retried: number;
  /** Waited for another try, and get it now. */
  readonly tried: number;
}

export function retriedInWords({ retried, tried }: Retried): string {
  const words = [
    ...(retried > 0 ? [`${counted(retried, "parked event")} will be sent again.`] : []),
    ...(tried > 0 ? [`${counted(tried, "event")} that waited ${tried === 1 ? "is" : "are"} tried now.`] : []),
  ];
  return words.length === 0 ? "Nothing was parked or waiting." : words.join(" ");
}
