/** All enrollments of one kind, kept in the hub's journal. */
import { requireMatch } from "../hub/registry.ts";
import type { Journal } from "../hub/journal.ts";
import { parseEnrollment } from "./enrollment.ts";
import type { Enrollment } from "./enrollment.ts";
import { ProvisioningError } from "./errors.ts";
import { registrationKey, requireRegistrationId } from "./ids.ts";

/** The service's limits. */
const KINDS = {
  individual: { prefix: "provisioning/enrollment/", limit: 1_000_000, notFound: "EnrollmentNotFound" },
  group: { prefix: "provisioning/group/", limit: 100, notFound: "EnrollmentGroupNotFound" },
} as const;

export class Enrollments {
  readonly #byKey = new Map<string, Enrollment>();
  readonly #kind: Enrollment["kind"];
  readonly #journal: Journal;
  readonly #now: () => number;

  constructor(kind: Enrollment["kind"], journal: Journal, now: () => number) {
    this.#kind = kind;
    this.#journal = journal;
    this.#now = now;
    const { prefix } = KINDS[kind];
    for (const [key, value] of journal.entries) {
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
    const now = new Date(this.#now()).toISOString();
    const context = { kind: this.#kind, id: current?.id ?? id, now, ...(current && { current }) };
    const enrollment = parseEnrollment(document, context);
    this.#byKey.set(registrationKey(id), enrollment);
    await this.#journal.commit([[prefix + registrationKey(id), enrollment]]);
    return enrollment;
  }

  /** Throws `ProvisioningError`, or `PreconditionFailed` when `ifMatch` is another etag. */
  async delete(id: string, ifMatch?: string): Promise<void> {
    requireMatch(this.get(id).etag, ifMatch);
    this.#byKey.delete(registrationKey(id));
    await this.#journal.commit([[KINDS[this.#kind].prefix + registrationKey(id), undefined]]);
  }
}
