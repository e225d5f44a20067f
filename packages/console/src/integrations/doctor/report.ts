/** The doctor's report of a hub that is not saved yet, and the words for how it came out. */
import type { DoctorCheck } from "../../integration/doctor.ts";
import type { Tone } from "../../elements/state-badge.tsx";

export interface Report {
  readonly pass: boolean;
  readonly checks: readonly DoctorCheck[];
}

export function checkTone({ ok }: Pick<DoctorCheck, "ok">): Tone {
  return ok === true ? "good" : ok === false ? "bad" : "quiet";
}

/** In a word, for those who do not see the sign. */
export function checkWord({ ok }: Pick<DoctorCheck, "ok">): string {
  return ok === true ? "good" : ok === false ? "not right" : "not tried";
}

/** `untried`: not one of them was tried. */
export type Standing = "good" | "bad" | "untried";

/** How several checks stand together. */
export function standingOf(checks: readonly Pick<DoctorCheck, "ok">[]): Standing {
  if (checks.some(({ ok }) => ok === false)) return "bad";
  return checks.some(({ ok }) => ok === true) ? "good" : "untried";
}

/** As `all 11 checks are good`, `2 of 11 checks are not right`. */
export function reportInWords({ checks }: Report): string {
  const tried = checks.filter(({ ok }) => ok !== "skipped").length;
  const bad = checks.filter(({ ok }) => ok === false).length;
  const left = checks.length - tried;
  // Of a good hub only its quota is left, which nothing has used yet.
  const rest = left === 0 || bad === 0 ? "" : `, ${left} could not be tried`;
  return bad === 0
    ? `all ${tried} checks are good${rest}`
    : `${bad} of ${tried} checks ${bad === 1 ? "is" : "are"} not right${rest}`;
}
