import { ApiFailure } from "../client/failure.ts";

/** Why something failed, with the next step, in one line: for reports of many. */
export function failureText(failure: unknown): string {
  if (failure instanceof ApiFailure && failure.nextStep !== null) return `${failure.message} ${failure.nextStep}`;
  return failure instanceof Error ? failure.message : String(failure);
}
