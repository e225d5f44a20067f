/** Many registry operations in one request. Not atomic: each entry succeeds or fails by itself. */
import { HubError, asHubError } from "../errors.ts";
import {
  parseIdentityFields,
  parseModuleFields,
  requireDeviceId,
  requireModuleId,
  requireObject,
} from "./identity-fields.ts";
import type { IdentityFields } from "./identity-fields.ts";
import type { IdentityRef } from "./identity.ts";
import type { Registry } from "./registry.ts";
import { parseTwinChange } from "../twins/twin-change.ts";
import type { Twins } from "../twins/twins.ts";

interface BulkError {
  readonly deviceId: string;
  readonly moduleId: string | null;
  readonly errorCode: number;
  readonly errorStatus: string;
  readonly operation: string;
}

export interface BulkResult {
  readonly isSuccessful: boolean;
  readonly errors: readonly BulkError[];
  readonly warnings: readonly [];
}

interface BulkTarget {
  readonly registry: Registry;
  readonly twins: Twins;
}

interface BulkEntry {
  readonly ref: IdentityRef;
  readonly etag: string;
  readonly twinEtag: string;
  readonly document: Readonly<Record<string, unknown>>;
}

type BulkOperation = (hub: BulkTarget, entry: BulkEntry) => Promise<unknown>;

const MAX_ENTRIES = 100;

/** By import mode in lower case: clients write the modes in varying case. */
const OPERATIONS: Readonly<Record<string, BulkOperation>> = {
  create,
  update: (hub, entry) => update(hub, entry, "*"),
  updateifmatchetag: (hub, entry) => update(hub, entry, entry.etag),
  createorupdate: (hub, entry) => createOrUpdate(hub, entry, "*"),
  createorupdateifmatchetag: (hub, entry) => createOrUpdate(hub, entry, entry.etag),
  delete: (hub, entry) => hub.registry.delete(entry.ref),
  deleteifmatchetag: (hub, entry) => hub.registry.delete(entry.ref, entry.etag),
  updatetwin: (hub, entry) => updateTwin(hub, entry, "*"),
  updatetwinifmatchetag: (hub, entry) => updateTwin(hub, entry, entry.twinEtag),
};

/** Applies a bulk document: an array of at most 100 entries. Throws only when the document as a whole is refused. */
export async function bulk(hub: BulkTarget, document: unknown): Promise<BulkResult> {
  if (!Array.isArray(document)) throw new HubError("ArgumentInvalid", "The body must be an array of devices.");
  if (document.length === 0) throw new HubError("ArgumentNull", "The array of devices is empty.");
  if (document.length > MAX_ENTRIES) throw new HubError("TooManyDevices", `At most ${MAX_ENTRIES} devices at a time.`);
  const entries = document.map((entry) => requireObject(entry, "Each device"));
  requireDistinct(entries);
  const outcomes = await Promise.all(entries.map((entry) => apply(hub, entry)));
  const errors = outcomes.filter((outcome) => outcome !== undefined);
  return { isSuccessful: errors.length === 0, errors, warnings: [] };
}

async function apply(hub: BulkTarget, document: BulkEntry["document"]): Promise<BulkError | undefined> {
  const mode = textOf(document["importMode"]) || "create";
  try {
    const operation = Object.hasOwn(OPERATIONS, mode.toLowerCase()) ? OPERATIONS[mode.toLowerCase()] : undefined;
    if (operation === undefined) throw new HubError("ArgumentInvalid", `importMode ${mode} is not known.`);
    await operation(hub, {
      ref: refOfEntry(document),
      etag: ifMatchOf(document["eTag"] ?? document["etag"]),
      twinEtag: ifMatchOf(document["twinETag"]),
      document,
    });
    return undefined;
  } catch (error) {
    const { errorCode, message } = asHubError(error);
    const [deviceId, moduleId] = [textOf(document["id"]), textOf(document["moduleId"]) || null];
    return { deviceId, moduleId, errorCode, errorStatus: message, operation: mode };
  }
}

function create({ registry, twins }: BulkTarget, { ref, document }: BulkEntry): Promise<unknown> {
  return registry.create(ref, fieldsOf(ref, document), twins.initial(parseTwinChange(document)));
}

/** Tags and desired properties that are named are merged; those that are not stay, as the identity's fields do. */
async function update({ registry, twins }: BulkTarget, { ref, document }: BulkEntry, ifMatch: string): Promise<void> {
  registry.get(ref.deviceId, ref.moduleId);
  const change = parseTwinChange(document);
  await registry.update(ref, fieldsOf(ref, document), ifMatch);
  if (change.tags || change.desired) await twins.patch(ref, change);
}

function createOrUpdate(hub: BulkTarget, entry: BulkEntry, ifMatch: string): Promise<unknown> {
  const { deviceId, moduleId } = entry.ref;
  return hub.registry.find(deviceId, moduleId) === undefined ? create(hub, entry) : update(hub, entry, ifMatch);
}

function updateTwin({ twins }: BulkTarget, { ref, document }: BulkEntry, ifMatch: string): Promise<unknown> {
  return twins.patch(ref, parseTwinChange(document), ifMatch);
}

function refOfEntry(document: BulkEntry["document"]): IdentityRef {
  const deviceId = requireDeviceId(document["id"]);
  return textOf(document["moduleId"]) === ""
    ? { deviceId }
    : { deviceId, moduleId: requireModuleId(document["moduleId"]) };
}

function fieldsOf(ref: IdentityRef, document: BulkEntry["document"]): IdentityFields {
  return ref.moduleId === undefined ? parseIdentityFields(document) : parseModuleFields(document);
}

function requireDistinct(entries: readonly BulkEntry["document"][]): void {
  const ids = entries.map((entry) => `${textOf(entry["id"])}/${textOf(entry["moduleId"])}`);
  if (new Set(ids).size < ids.length) {
    throw new HubError("DeviceDefinedMultipleTimes", "A device or module is named more than once in the array.");
  }
}

// An entry without an etag matches whatever there is, also in the modes that compare: Go's clients rely on it.
function ifMatchOf(value: unknown): string {
  return textOf(value).replace(/^"(.*)"$/, "$1") || "*";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
