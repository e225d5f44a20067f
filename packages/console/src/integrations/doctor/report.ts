/** The doctor's report as the API answers it, and the words for its lines. */
import type { Tone } from "../../elements/state-badge.tsx";

export interface Check {
  readonly name: string;
  readonly ok: boolean | "skipped";
  readonly message: string;
  readonly code?: string;
  readonly next_step?: string;
}

export interface Report {
  readonly pass: boolean;
  readonly checks: readonly Check[];
}

const TITLES: Readonly<Record<string, string>> = {
  name_resolution: "The hub's name is known",
  https: "Port 443 (HTTPS)",
  amqps: "Port 5671 (AMQP)",
  clock: "This server's clock",
  entra: "Microsoft Entra",
  primary_key: "Primary key",
  secondary_key: "Secondary key",
  registry_read: "Registry Read",
  registry_write: "Registry Write",
  service_connect: "Service Connect",
  device_connect: "Device Connect",
  tier: "Tier",
  quota: "Daily quota",
  cleanup: "Cleaning up after the check",
};

/** Of a check that is not in the table its name, so that a newer server loses no line. */
export function checkTitle({ name }: Pick<Check, "name">): string {
  return TITLES[name] ?? name.replaceAll("_", " ");
}

export function checkTone({ ok }: Pick<Check, "ok">): Tone {
  return ok === true ? "good" : ok === false ? "bad" : "quiet";
}

/** In a word, for those who do not see the sign. */
export function checkWord({ ok }: Pick<Check, "ok">): string {
  return ok === true ? "good" : ok === false ? "not right" : "not tried";
}

/** `untried`: not one of them was tried. */
export type Standing = "good" | "bad" | "untried";

/** How several checks stand together. */
export function standingOf(checks: readonly Pick<Check, "ok">[]): Standing {
  if (checks.some(({ ok }) => ok === false)) return "bad";
  return checks.some(({ ok }) => ok === true) ? "good" : "untried";
}

/** As `all 11 checks are good`, `2 of 11 checks are not right`. */
export function reportInWords({ checks }: Report): string {
  const tried = checks.filter(({ ok }) => ok !== "skipped").length;
  const bad = checks.filter(({ ok }) => ok === false).length;
  const left = checks.length - tried;
  const rest = left === 0 ? "" : `, ${left} could not be tried`;
  return bad === 0
    ? `all ${tried} checks are good${rest}`
    : `${bad} of ${tried} checks ${bad === 1 ? "is" : "are"} not right${rest}`;
}
