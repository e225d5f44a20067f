/** Many enrollments in one request; each succeeds or fails by itself. */
import { requireObject } from "../hub/registry/identity-fields.ts";
import type { Enrollments } from "./enrollments.ts";
import { requireRegistrationId } from "./ids.ts";
import { ProvisioningError, asProvisioningError } from "./errors.ts";

export interface BulkEnrollmentResult {
  readonly isSuccessful: boolean;
  readonly errors: readonly BulkEnrollmentFailure[];
}

interface BulkEnrollmentFailure {
  readonly registrationId: string;
  readonly errorCode: number;
  readonly errorStatus: string;
}

/** The service's limit. */
const MAX_ENROLLMENTS = 10;

type Mode = (enrollments: Enrollments, id: string, document: Readonly<Record<string, unknown>>) => Promise<unknown>;

const MODES: Readonly<Record<string, Mode>> = {
  create: (enrollments, id, document) => {
    if (enrollments.find(id) !== undefined) throw new ProvisioningError("Conflict", `There is an enrollment ${id}.`);
    return enrollments.put(id, document);
  },
  update: (enrollments, id, document) => {
    enrollments.get(id);
    return enrollments.put(id, document);
  },
  updateifmatchetag: (enrollments, id, document) => enrollments.put(id, document, etagOf(document) ?? ""),
  delete: (enrollments, id, document) => enrollments.delete(id, etagOf(document)),
};

/** `document` is `{ mode, enrollments }`. Throws `ProvisioningError` when it is not that. */
export async function bulkEnroll(enrollments: Enrollments, document: unknown): Promise<BulkEnrollmentResult> {
  const { mode, enrollments: items } = requireObject(document, "The bulk operation");
  const name = typeof mode === "string" ? mode.toLowerCase() : "";
  const change = Object.hasOwn(MODES, name) ? MODES[name] : undefined;
  if (change === undefined) {
    throw new ProvisioningError("BadRequest", "mode must be create, update, updateIfMatchEtag or delete.");
  }
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_ENROLLMENTS) {
    throw new ProvisioningError("BadRequest", `enrollments must be an array of 1 to ${MAX_ENROLLMENTS} enrollments.`);
  }
  const errors: BulkEnrollmentFailure[] = [];
  for (const item of items as readonly unknown[]) {
    const failure = await changeOne(enrollments, item, change);
    if (failure !== undefined) errors.push(failure);
  }
  return { isSuccessful: errors.length === 0, errors };
}

async function changeOne(
  enrollments: Enrollments,
  item: unknown,
  change: Mode,
): Promise<BulkEnrollmentFailure | undefined> {
  let registrationId = "";
  try {
    const document = requireObject(item, "Each enrollment");
    registrationId = requireRegistrationId(document["registrationId"]);
    await change(enrollments, registrationId, document);
    return undefined;
  } catch (error) {
    const refusal = asProvisioningError(error);
    if (refusal === undefined) throw error;
    return { registrationId, errorCode: refusal.errorCode, errorStatus: refusal.message };
  }
}

function etagOf(document: Readonly<Record<string, unknown>>): string | undefined {
  const { etag } = document;
  return typeof etag === "string" ? etag.replace(/^"(.*)"$/, "$1") : undefined;
}
