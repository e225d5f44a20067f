/** Refusals that do not end by themselves: trying on would only be counted against the address. */
import type { SourceStop } from "../../core/source.ts";
import type { StreamAnswer } from "./particle-client.ts";

type Stop = Pick<SourceStop, "code" | "nextStep">;

const STOPS: Readonly<Record<number, Stop>> = {
  400: { code: "request_refused", nextStep: "Check product, device and event of the source, then edit it." },
  401: { code: "token_refused", nextStep: "Make a new token in Particle's cloud and give it to the source." },
  403: {
    code: "token_refused",
    nextStep: "Give the source a token that may read the events: an API user of the product with the scope events:get.",
  },
  404: { code: "not_found", nextStep: "Check product and device of the source, then edit it." },
};

const ADDRESS_REFUSED: Stop = {
  code: "address_refused",
  nextStep: "If you mean this address, list its host in ISTHMUS_SOURCE_HOSTS.",
};

/** `null` when it makes sense to try again. */
export function stopFor(answer: Exclude<StreamAnswer, { kind: "open" }>, at: number): SourceStop | null {
  if (answer.kind === "unreachable") {
    return answer.refusedAddress ? { ...ADDRESS_REFUSED, at, message: answer.message } : null;
  }
  const { status, message } = answer;
  // Redirects are not followed: the token must not go elsewhere.
  const stop = STOPS[status] ?? (status >= 300 && status < 429 && status !== 408 ? STOPS[400] : undefined);
  return stop === undefined ? null : { ...stop, at, message: `Particle's cloud answered ${status} ${message}`.trim() };
}
