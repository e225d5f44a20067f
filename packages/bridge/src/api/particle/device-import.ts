/** Devices join a product one by one as JSON, or many by a file. Joining approves. */
import type { FastifyRequest } from "fastify";
import { isCloudDeviceId } from "../../core/device.ts";
import type { Device, DeviceChange } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import { ApiError, badRequest, refusal } from "../api-error.ts";
import { fieldsOf, requiredText } from "../bodies.ts";
import { readDeviceChange } from "./device-change.ts";
import { importRowsIn } from "./import-file.ts";
import type { ImportRow } from "./import-file.ts";

interface ImportReport {
  /** How many are in the product and approved now that were not before. */
  readonly updated: number;
  readonly updatedDeviceIds: readonly string[];
  /** In another product, or claimed by another account. */
  readonly nonmemberDeviceIds: readonly string[];
  readonly invalidDeviceIds: readonly string[];
  /** They are in the product, under their old names: other devices of their owners have those of the file. */
  readonly nameTakenDeviceIds?: readonly string[];
}

interface Target {
  /** Whose claimed devices may join; an API user has claimed none. */
  readonly accountId: string | null;
  readonly productId: number;
}

/** Ids handed to the directory at once. */
const CHUNK = 1000;
const MAX_IDS = 100_000;
const MAX_ID_LENGTH = 128;

export async function importDevices(
  directory: Directory,
  target: Target,
  request: FastifyRequest,
): Promise<ImportReport> {
  const rows = await rowsIn(request);
  const changes = changesIn(rows);
  const approved: string[] = [];
  const foreign: string[] = [];
  const nameTaken: string[] = [];
  const valid = [...changes.keys()];
  for (let start = 0; start < valid.length; start += CHUNK) {
    const ids = valid.slice(start, start + CHUNK);
    const places = await Promise.all(ids.map(async (id) => placeOf(await directory.device(id), target)));
    const at = (place: Place): string[] => ids.filter((_id, index) => places[index] === place);
    const waiting = at("waiting");
    await Promise.all(waiting.map((id) => directory.setApproval(id, "approved")));
    const { added, nonmember } = await directory.addToProduct(target.productId, at("outside"));
    approved.push(...waiting, ...added);
    foreign.push(...at("foreign"), ...nonmember);
    const named = [...waiting, ...added, ...at("inside")].filter((id) => Object.keys(changes.get(id)!).length > 0);
    const outcomes = await Promise.all(named.map((id) => directory.updateDevice(id, changes.get(id)!)));
    nameTaken.push(...named.filter((_id, index) => outcomes[index] === "name_taken"));
  }
  return {
    updated: approved.length,
    updatedDeviceIds: approved,
    nonmemberDeviceIds: foreign,
    invalidDeviceIds: rows.map(({ id }) => id).filter((id) => !isCloudDeviceId(id.toLowerCase())),
    ...(nameTaken.length > 0 && { nameTakenDeviceIds: nameTaken }),
  };
}

type Place = "inside" | "waiting" | "outside" | "foreign";

function placeOf(device: Device | null, { accountId, productId }: Target): Place {
  if (device === null) return "outside";
  if (device.productId === productId) return device.approval === "approved" ? "inside" : "waiting";
  if (device.productId !== null) return "foreign";
  // Adding gives the right to speak as the device, so one that somebody else has claimed stays theirs.
  return device.ownerId === null || device.ownerId === accountId ? "outside" : "foreign";
}

/** What the rows say of each valid id; of one that comes twice the last word counts. */
function changesIn(rows: readonly ImportRow[]): ReadonlyMap<string, DeviceChange> {
  const changes = new Map<string, DeviceChange>();
  for (const { id, line, fields } of rows) {
    const deviceId = id.toLowerCase();
    if (isCloudDeviceId(deviceId)) changes.set(deviceId, { ...changes.get(deviceId), ...changeIn(fields, line) });
  }
  return changes;
}

function changeIn(fields: ImportRow["fields"], line: number): DeviceChange {
  try {
    return readDeviceChange(fields, "product");
  } catch (error) {
    throw error instanceof ApiError ? badRequest(`Line ${line} of the file: ${error.message}`) : error;
  }
}

async function rowsIn(request: FastifyRequest): Promise<readonly ImportRow[]> {
  if (!request.isMultipart()) {
    const id = requiredText(fieldsOf(request), "id", MAX_ID_LENGTH).trim();
    return [{ id, line: 1, fields: {} }];
  }
  const rows = importRowsIn(await fileIn(request)).filter(({ id }) => id !== "");
  if (rows.length === 0) throw badRequest("The file holds no device ids");
  if (rows.length > MAX_IDS) throw refusal(413, `At most ${MAX_IDS} device ids at a time`);
  if (rows.some(({ id }) => id.length > MAX_ID_LENGTH)) throw badRequest("The file must hold one device id a line");
  return rows;
}

async function fileIn(request: FastifyRequest): Promise<string> {
  const part = await request.file();
  if (part === undefined || part.fieldname !== "file") throw badRequest("Send the ids in a part named file");
  return (await part.toBuffer()).toString("utf8");
}
