/** This server's clock against the hub's. Tokens are judged by their time, so a clock that is far off refuses every key. */
import type { DoctorCheck } from "../../core/doctor.ts";

const WORTH_A_WORD_MS = 60_000;
/** A hub bears about five minutes. */
const FATAL_MS = 5 * 60_000;
const NEXT_STEP = "Let this server's clock be set by NTP (timedatectl set-ntp true).";

/** `date`: the header of an answer. `now`: this server's clock, unix milliseconds. */
export function skewCheck(date: string | undefined, now: number): DoctorCheck {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return { name: "clock", ok: "skipped", message: "The hub's answers tell no time." };
  const skew = now - theirs;
  const seconds = Math.round(Math.abs(skew) / 1000);
  const where = skew > 0 ? "ahead of" : "behind";
  if (Math.abs(skew) <= WORTH_A_WORD_MS)
    return { name: "clock", ok: true, message: "This server's clock agrees with the hub's." };
  const message = `This server's clock is ${seconds} s ${where} the hub's.`;
  return { name: "clock", ok: Math.abs(skew) <= FATAL_MS, message, code: "clock_skew", nextStep: NEXT_STEP };
}
