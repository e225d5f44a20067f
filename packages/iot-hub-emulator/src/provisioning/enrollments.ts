/** All enrollments of one kind, kept in the hub's journal. */
import { requireMatch } from "../hub/registry/registry.ts";
import type { Journal } from "../hub/journal/journal.ts";
import { parseEnrollment } from "./enrollment.ts";
import type { Enrollment } from "./enrollment.ts";
import { ProvisioningError } from "./errors.ts";
import type { Registrations } from "./registrations.ts";
import { registrationKey, requireRegistrationId } from "./ids.ts";

/** The service's limits. */
const KINDS = {
  individual: { prefix: "provisioning/enrollment/", limit: 1_000_000, notFound: "EnrollmentNotFound" },
  group: { prefix: "provisioning/group/", limit: 100, notFound: "EnrollmentGroupNotFound" },
} as const;

export interface EnrollmentsOptions {
  readonly kind: Enrollment["kind"];
  readonly journal: Journal;
  /** Those that came by an enrollment are forgotten with it. */
  readonly registrations: Registrations;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class Enrollments {
  readonly #byKey = new Map<string, Enrollment>();
  readonly #kind: Enrollment["kind"];
  readonly #options: EnrollmentsOptions;

  constructor(options: EnrollmentsOptions) {
    this.#kind = options.kind;
    this.#options = options;
    const { prefix } = KINDS[options.kind];
    for (const [key, value] of options.journal.entries) {
      if (key.startsWith(prefix)) this.#byKey.set(key.slice(prefix.length), value as Enrollment);
    }
  }

  find(id: string): Enrollment | undefined {
    return this.#byKey.get(registrationKey(id));
  }

  /** Throws `ProvisioningError`. */
  get(id: string): Enrollment {
    const enrollment = this.find(id);
    if (enrollment !== undefined) return enrollment;
    const what = this.#kind === "individual" ? "enrollment" : "enrollment group";
    throw new ProvisioningError(KINDS[this.#kind].notFound, `There is no ${what} ${id}.`);
  }

  values(): IterableIterator<Enrollment> {
    return this.#byKey.values();
  }

  /** Creates or, without or with the right etag, replaces. Throws `ProvisioningError` or `HubError`. */
  async put(id: string, document: unknown, ifMatch?: string): Promise<Enrollment> {
    const current = this.find(requireRegistrationId(id));
    if (ifMatch !== undefined) {
      if (current === undefined) throw new ProvisioningError("PreconditionFailed", `There is no enrollment ${id}.`);
      requireMatch(current.etag, ifMatch);
    }
    const { prefix, limit } = KINDS[this.#kind];
    if (current === undefined && this.#byKey.size >= limit) {
      throw new ProvisioningError("QuotaExceeded", `There are at most ${limit} enrollments of this kind.`);
    }
    const now = new Date(this.#options.now()).toISOString();
    const context = { kind: this.#kind, id: current?.id ?? id, now, ...(current && { current }) };
    const enrollment = parseEnrollment(document, context);
    this.#byKey.set(registrationKey(id), enrollment);
    await this.#options.journal.commit([[prefix + registrationKey(id), enrollment]]);
    return enrollment;
  }

  /** Devices that came by it keep their identities. Throws `ProvisioningError`, or `PreconditionFailed` when `ifMatch` is another etag. */
  async delete(id: string, ifMatch?: string): Promise<void> {
    const enrollment = this.get(id);
    requireMatch(enrollment.etag, ifMatch);
    this.#byKey.delete(registrationKey(id));
    const { journal, registrations } = this.#options;
    const forgotten = registrations.forgetThoseOf(enrollment);
    await journal.commit([[KINDS[this.#kind].prefix + registrationKey(id), undefined], ...forgotten]);
  }
}
