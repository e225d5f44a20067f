/** Many registry operations in one request. Not atomic: each entry succeeds or fails by itself. */
import { HubError, asHubError } from "./errors.ts";
import { parseIdentityFields, requireDeviceId, requireObject } from "./identity-fields.ts";
import type { Registry } from "./registry.ts";
import { parseTwinChange } from "./twin-change.ts";
import type { Twins } from "./twins.ts";

interface BulkError {
  readonly deviceId: string;
  readonly moduleId: string | null;
  readonly errorCode: string;
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
  readonly deviceId: string;
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
  delete: (hub, entry) => hub.registry.delete(entry.deviceId),
  deleteifmatchetag: (hub, entry) => hub.registry.delete(entry.deviceId, entry.etag),
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
    if (textOf(document["moduleId"]) !== "") throw new HubError("NotImplemented", "Modules are not implemented.");
    const deviceId = requireDeviceId(document["id"]);
    const [etag, twinEtag] = [document["eTag"] ?? document["etag"], document["twinETag"]].map(unquoted) as [
      string,
      string,
    ];
    await operation(hub, { deviceId, etag, twinEtag, document });
    return undefined;
  } catch (error) {
    const { errorName, message } = asHubError(error);
    const deviceId = textOf(document["id"]);
    return { deviceId, moduleId: null, errorCode: errorName, errorStatus: message, operation: mode };
  }
}

function create({ registry, twins }: BulkTarget, { deviceId, document }: BulkEntry): Promise<unknown> {
  return registry.create(deviceId, parseIdentityFields(document), twins.initial(parseTwinChange(document)));
}

async function update({ registry }: BulkTarget, { deviceId, document }: BulkEntry, ifMatch: string): Promise<unknown> {
  registry.get(deviceId);
  return registry.update(deviceId, parseIdentityFields(document), ifMatch);
}

function createOrUpdate(hub: BulkTarget, entry: BulkEntry, ifMatch: string): Promise<unknown> {
  return hub.registry.find(entry.deviceId) === undefined ? create(hub, entry) : update(hub, entry, ifMatch);
}

function updateTwin({ twins }: BulkTarget, { deviceId, document }: BulkEntry, ifMatch: string): Promise<unknown> {
  return twins.patch(deviceId, parseTwinChange(document), ifMatch);
}

function requireDistinct(entries: readonly BulkEntry["document"][]): void {
  const ids = entries.map((entry) => entry["id"]);
  if (new Set(ids).size < ids.length) {
    throw new HubError("DeviceDefinedMultipleTimes", "A device is named more than once in the array.");
  }
}

// An absent etag matches nothing: the mode asks for a comparison.
function unquoted(value: unknown): string {
  return textOf(value).replace(/^"(.*)"$/, "$1");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
