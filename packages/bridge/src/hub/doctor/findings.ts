/** Checks as they are made, each told in a sentence with a step. */
import type { DoctorCheck, DoctorCheckName, DoctorReport } from "../../core/doctor.ts";
import { FAILURES, type Failure } from "../../core/failure.ts";
import { hubCodeOf } from "./hub-codes.ts";

export class Findings {
  readonly #checks: DoctorCheck[] = [];

  pass(name: DoctorCheckName, message: string): void {
    this.#checks.push({ name, ok: true, message });
  }

  fail(name: DoctorCheckName, { code, message, hubCode }: Failure): void {
    // The hub's number often says more than the class that the bridge puts it into.
    const nextStep = hubCodeOf(hubCode)?.nextStep ?? FAILURES[code].nextStep;
    this.#checks.push({ name, ok: false, message, code, nextStep });
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
