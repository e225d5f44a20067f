/** The day's allowance in words. */
import type { Tone } from "../elements/state-badge.tsx";
import type { MeterKind, Quota } from "./connection.ts";

export const KIND_WORDS: Readonly<Record<MeterKind, string>> = {
  telemetry: "messages of devices",
  test: "tests",
  cloud_to_device: "messages to devices",
  method: "direct methods",
  twin: "twin reads and writes",
  query: "queries of twins",
};

/** Such as `16:40`, in the reader's time zone. */
export function clockTime(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

export interface Verdict {
  readonly tone: Tone;
  readonly words: string;
}

export function verdictOf({ allowance, unlimited, forecast, per_hour: perHour }: Quota): Verdict {
  const rate = `at ${perHour.toLocaleString()} an hour`;
  switch (forecast.kind) {
    case "ended":
      return { tone: "bad", words: `Used up: the hub takes nothing until ${clockTime(forecast.at ?? "")}` };
    case "ends":
      return { tone: "wait", words: `At this rate it ends at ${clockTime(forecast.at ?? "")} (${rate})` };
    case "lasts":
      return { tone: "good", words: perHour === 0 ? "Lasts the day" : `Lasts the day (${rate})` };
    case "unknown":
      if (unlimited) return { tone: "quiet", words: "This hub limits nothing" };
      return { tone: "quiet", words: allowance === null ? "Tell the tier to see how long it lasts" : "" };
  }
}

/** 0 to 100; `null` where there is no allowance to be used. */
export function percentUsed({ used, allowance }: Pick<Quota, "used" | "allowance">): number | null {
  return allowance === null || allowance === 0 ? null : Math.min(100, (used / allowance) * 100);
}

/** Bytes that count as one message. */
export function blockWords(bytes: number): string {
  return bytes === 512 ? "0.5 KB" : "4 KB";
}
