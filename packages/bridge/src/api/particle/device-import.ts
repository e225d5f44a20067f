/** Devices join a product one by one as JSON, or many by a text file with one id a line. Joining approves. */
import type { FastifyRequest } from "fastify";
import { isCloudDeviceId } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import { badRequest, refusal } from "../api-error.ts";
import { fieldsOf, requiredText } from "../bodies.ts";

interface ImportReport {
  /** How many are in the product and approved now that were not before. */
  readonly updated: number;
  readonly updatedDeviceIds: readonly string[];
  /** In another product, or claimed by another account. */
  readonly nonmemberDeviceIds: readonly string[];
  readonly invalidDeviceIds: readonly string[];
}

/** Ids handed to the directory at once. */
const CHUNK = 1000;
const MAX_IDS = 100_000;
const MAX_ID_LENGTH = 128;

export async function importDevices(
  directory: Directory,
  target: {
    /** Whose claimed devices may join; an API user has claimed none. */
    readonly accountId: string | null;
    readonly productId: number;
  },
  request: FastifyRequest,
): Promise<ImportReport> {
  const ids = await idsIn(request);
  const valid = [...new Set(ids.map((id) => id.toLowerCase()).filter(isCloudDeviceId))];
  const foreign: string[] = [];
  const joining: string[] = [];
  const approved: string[] = [];
  for (const id of valid) {
    const device = await directory.device(id);
    if (device === null || device.productId === null) {
      // Adding gives the right to speak as the device, so one that somebody else has claimed stays theirs.
      const claimedByOther = device !== null && device.ownerId !== null && device.ownerId !== target.accountId;
      (claimedByOther ? foreign : joining).push(id);
    } else if (device.productId !== target.productId) {
      foreign.push(id);
    } else if (device.approval !== "approved") {
      await directory.setApproval(id, "approved");
      approved.push(id);
    }
  }
  for (let start = 0; start < joining.length; start += CHUNK) {
    const { added, nonmember } = await directory.addToProduct(target.productId, joining.slice(start, start + CHUNK));
    approved.push(...added);
    foreign.push(...nonmember);
  }
  return {
    updated: approved.length,
    updatedDeviceIds: approved,
    nonmemberDeviceIds: foreign,
    invalidDeviceIds: ids.filter((id) => !isCloudDeviceId(id.toLowerCase())),
  };
}

async function idsIn(request: FastifyRequest): Promise<readonly string[]> {
  const text = request.isMultipart() ? await fileIn(request) : requiredText(fieldsOf(request), "id", MAX_ID_LENGTH);
  const ids = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const given = ids.filter((id) => id !== "");
  if (given.length === 0) throw badRequest("The file holds no device ids");
  if (given.length > MAX_IDS) throw refusal(413, `At most ${MAX_IDS} device ids at a time`);
  if (given.some((id) => id.length > MAX_ID_LENGTH)) throw badRequest("The file must hold one device id a line");
  return given;
}

async function fileIn(request: FastifyRequest): Promise<string> {
  const part = await request.file();
  if (part === undefined || part.fieldname !== "file") throw badRequest("Send the ids in a part named file");
  return (await part.toBuffer()).toString("utf8");
}
