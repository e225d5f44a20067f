/** Checks as they are made, each told in a sentence with a step. */
import type { DoctorCheck, DoctorCheckName, DoctorReport } from "../../core/doctor.ts";
import { FAILURES, type Failure } from "../../core/failure.ts";
import { hubCodeOf } from "./hub-codes.ts";

/** The permissions as Azure's portal spells them. */
const PERMISSIONS: Partial<Record<DoctorCheckName, string>> = {
  registry_read: "Registry Read",
  registry_write: "Registry Write",
  service_connect: "Service Connect",
  device_connect: "Device Connect",
};

export class Findings {
  readonly #checks: DoctorCheck[] = [];

  pass(name: DoctorCheckName, message: string): void {
    this.#checks.push({ name, ok: true, message });
  }

  fail(name: DoctorCheckName, failure: Failure): void {
    const { code, message } = failure;
    this.#checks.push({ name, ok: false, message, code, nextStep: nextStepOf(name, failure) });
  }

  tell(check: DoctorCheck): void {
    this.#checks.push(check);
  }

  skip(because: string, ...names: readonly DoctorCheckName[]): void {
    for (const name of names) this.#checks.push({ name, ok: "skipped", message: because });
  }

  report(): DoctorReport {
    return { pass: this.#checks.every(({ ok }) => ok !== false), checks: this.#checks };
  }
}

/** The hub has one number for a wrong key and for a missing permission; else its number often says more than our code. */
function nextStepOf(name: DoctorCheckName, { code, hubCode }: Failure): string {
  const permission = code === "permission_missing" ? PERMISSIONS[name] : undefined;
  if (permission !== undefined)
    return `Give the policy the permission ${permission}: Azure portal > IoT Hub > Shared access policies.`;
  return hubCodeOf(hubCode)?.nextStep ?? FAILURES[code].nextStep;
}
