/** What a service may say when it calls a method, read strictly: alike in a direct call and in a job. */
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import type { MethodRequest } from "./methods.ts";

/** Seconds; absent means the default. */
const RESPONSE_TIMEOUT = { name: "responseTimeoutInSeconds", min: 5, max: 300, fallback: 30 } as const;
const CONNECT_TIMEOUT = { name: "connectTimeoutInSeconds", min: 0, max: 300, fallback: 0 } as const;

/** Reads the document of a direct method; throws `ArgumentInvalid`. */
export function parseMethodRequest(document: unknown): MethodRequest {
  const source = requireObject(document, "The direct method");
  const { methodName, payload = null } = source;
  if (typeof methodName !== "string" || methodName === "") {
    throw new HubError("ArgumentInvalid", "methodName must be the name of a method.");
  }
  return {
    methodName,
    payload,
    responseTimeoutMs: timeoutOf(source, RESPONSE_TIMEOUT),
    connectTimeoutMs: timeoutOf(source, CONNECT_TIMEOUT),
  };
}

function timeoutOf(
  source: Readonly<Record<string, unknown>>,
  { name, min, max, fallback }: typeof RESPONSE_TIMEOUT | typeof CONNECT_TIMEOUT,
): number {
  const seconds = source[name] ?? fallback;
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds < min || seconds > max) {
    throw new HubError("ArgumentInvalid", `${name} must be a whole number of seconds from ${min} to ${max}.`);
  }
  return seconds * 1000;
}
