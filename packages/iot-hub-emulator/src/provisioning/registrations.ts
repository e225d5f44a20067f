/** What became of each device that came: where it was assigned, when and by which enrollment. Kept in the hub's journal. */
import type { Journal } from "../hub/journal/journal.ts";
import { requireMatch } from "../hub/registry/registry.ts";
import type { Enrollment } from "./enrollment.ts";
import { ProvisioningError } from "./errors.ts";
import { registrationKey } from "./ids.ts";

export interface Registration {
  readonly registrationId: string;
  /** Of the group the device came by; absent when it has an enrollment of its own. */
  readonly groupId?: string;
  readonly etag: string;
  readonly status: "assigned" | "failed";
  readonly substatus?: "initialAssignment" | "deviceDataReset" | "deviceDataMigrated";
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  /** ISO 8601. */
  readonly created: string;
  readonly updated: string;
  /** How it proved itself; decides how its state is shown. */
  readonly attestation: "symmetricKey" | "x509";
}

const PREFIX = "provisioning/registration/";

export class Registrations {
  readonly #byKey = new Map<string, Registration>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const [key, value] of journal.entries) {
      if (key.startsWith(PREFIX)) this.#byKey.set(key.slice(PREFIX.length), value as Registration);
    }
  }

  find(registrationId: string): Registration | undefined {
    return this.#byKey.get(registrationKey(registrationId));
  }

  /** Throws `ProvisioningError`. */
  get(registrationId: string): Registration {
    const registration = this.find(registrationId);
    if (registration !== undefined) return registration;
    throw new ProvisioningError("RegistrationNotFound", `There is no registration ${registrationId}.`);
  }

  /** Those that came by a group. */
  *ofGroup(groupId: string): Generator<Registration> {
    const wanted = registrationKey(groupId);
    for (const registration of this.#byKey.values()) {
      if (registration.groupId !== undefined && registrationKey(registration.groupId) === wanted) yield registration;
    }
  }

  /** Drops those that came by an enrollment; returns what the journal is to be told. */
  forgetThoseOf({ kind, id }: Enrollment): readonly (readonly [key: string, value: undefined])[] {
    const own = this.find(id);
    const individual = own === undefined || own.groupId !== undefined ? [] : [own];
    const gone = kind === "group" ? [...this.ofGroup(id)] : individual;
    return gone.map(({ registrationId }) => {
      const key = registrationKey(registrationId);
      this.#byKey.delete(key);
      return [PREFIX + key, undefined];
    });
  }

  async set(registration: Registration): Promise<void> {
    const key = registrationKey(registration.registrationId);
    this.#byKey.set(key, registration);
    await this.#journal.commit([[PREFIX + key, registration]]);
  }

  /** Forgets how a device was assigned; its identity stays. Throws `ProvisioningError`, or `PreconditionFailed`. */
  async delete(registrationId: string, ifMatch?: string): Promise<void> {
    requireMatch(this.get(registrationId).etag, ifMatch);
    const key = registrationKey(registrationId);
    this.#byKey.delete(key);
    await this.#journal.commit([[PREFIX + key, undefined]]);
  }
}

/** A registration as devices and services read it. */
export function formatRegistration(registration: Registration): Readonly<Record<string, unknown>> {
  const { groupId, attestation, etag, created, updated, ...shown } = registration;
  return {
    ...shown,
    [attestation]: groupId === undefined ? {} : { enrollmentGroupId: groupId },
    createdDateTimeUtc: created,
    lastUpdatedDateTimeUtc: updated,
    etag: `"${etag}"`,
  };
}

/** The state of a device that has not come yet. */
export function unassignedState(registrationId: string, at: string): object {
  return { registrationId, status: "unassigned", createdDateTimeUtc: at, lastUpdatedDateTimeUtc: at };
}
