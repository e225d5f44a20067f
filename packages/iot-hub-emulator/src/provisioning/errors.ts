/** The errors of the provisioning service: their own codes and form, `{ errorCode, trackingId, message, timestampUtc }`. */
import { randomUUID } from "node:crypto";
import { HubError } from "../hub/errors.ts";

/**
 * Numeric code of each error; its first three digits are the HTTP status. Unauthorized, EnrollmentNotFound and
 * EnrollmentGroupNotFound have been seen of the service; the others are inferred from its statuses.
 */
const CODES = {
  BadRequest: 400004,
  Unauthorized: 401002,
  QuotaExceeded: 403002,
  NotFound: 404001,
  EnrollmentNotFound: 404201,
  EnrollmentGroupNotFound: 404202,
  RegistrationNotFound: 404203,
  Conflict: 409001,
  PreconditionFailed: 412001,
  NotImplemented: 501000,
} as const;

export type ProvisioningErrorName = keyof typeof CODES;

export class ProvisioningError extends Error {
  readonly errorCode: number;
  readonly status: number;
  readonly trackingId: string = randomUUID();

  constructor(name: ProvisioningErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProvisioningError";
    this.errorCode = CODES[name];
    this.status = Math.floor(this.errorCode / 1000);
  }
}

/** What a device or a service reads. `now` is unix milliseconds. */
export function errorDocument({ errorCode, trackingId, message }: ProvisioningError, now: number): object {
  return { errorCode, trackingId, message, timestampUtc: new Date(now).toISOString() };
}

const BY_STATUS: Readonly<Record<number, ProvisioningErrorName>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "QuotaExceeded",
  409: "Conflict",
  412: "PreconditionFailed",
};

/** The same refusal in this service's words; faults of ours are not among those and come back as `undefined`. */
export function asProvisioningError(error: unknown): ProvisioningError | undefined {
  if (error instanceof ProvisioningError) return error;
  const name = error instanceof HubError ? BY_STATUS[error.httpStatus] : undefined;
  return name === undefined ? undefined : new ProvisioningError(name, (error as HubError).message, { cause: error });
}
