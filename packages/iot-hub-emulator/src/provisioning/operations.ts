/** Registrations under way: a device asks for one, and then how it went. They end with the process, as devices simply ask again. */
import type { Registration } from "./registrations.ts";
import { formatRegistration } from "./registrations.ts";
import { ProvisioningError } from "./errors.ts";
import { newOperationId, registrationKey } from "./ids.ts";

export interface Operation {
  readonly operationId: string;
  readonly registration: Registration;
  /** What the device sent along, and gets back. */
  readonly payload?: unknown;
}

/** With the largest payload each, some 160 MB. */
const MAX_OPERATIONS = 10_000;

export class Operations {
  /** The latest of each device, oldest first. */
  readonly #byKey = new Map<string, Operation>();

  add(registration: Registration, payload: unknown): Operation {
    const key = registrationKey(registration.registrationId);
    const operation = {
      operationId: newOperationId(),
      registration,
      ...(payload === undefined ? {} : { payload }),
    };
    this.#byKey.delete(key);
    this.#byKey.set(key, operation);
    const oldest = this.#byKey.keys().next().value;
    if (this.#byKey.size > MAX_OPERATIONS && oldest !== undefined) this.#byKey.delete(oldest);
    return operation;
  }

  /** Throws `ProvisioningError`: devices see their own operations only. */
  get(registrationId: string, operationId: string): Operation {
    const operation = this.#byKey.get(registrationKey(registrationId));
    if (operation?.operationId === operationId) return operation;
    throw new ProvisioningError("NotFound", `There is no operation ${operationId}; register again.`);
  }
}

/** An operation that has ended, as the device reads it. */
export function formatOperation({ operationId, registration, payload }: Operation): object {
  return {
    operationId,
    status: registration.status,
    registrationState: { ...formatRegistration(registration), ...(payload === undefined ? {} : { payload }) },
  };
}
