/** Imports and exports of the identity registry as they are kept and shown. Times are unix milliseconds. */
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import type { JsonObject } from "../twins/twin.ts";

/** A container of blobs, as a URI with a shared access signature leads to it. */
export interface BlobContainer {
  /** The bytes of a blob, piece by piece. Throws an `Error` that says what the storage answered. */
  read(blobName: string, signal: AbortSignal): AsyncIterable<Buffer>;
  /** Makes or replaces a blob; it is there, whole, when this resolves. */
  write(blobName: string, pieces: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
}

/** Opens no connection. Throws an `Error` for what is no URI of a container. */
export type OpenContainer = (uri: string) => BlobContainer;

export interface TransferRequest {
  readonly type: "import" | "export";
  readonly inputBlobContainerUri?: string;
  readonly inputBlobName: string;
  readonly outputBlobContainerUri: string;
  readonly outputBlobName: string;
  readonly excludeKeysInExport: boolean;
}

export interface Transfer {
  readonly jobId: string;
  /** URIs without their signatures, which are not kept. */
  readonly request: TransferRequest;
  readonly status: "running" | "completed" | "failed" | "cancelled";
  readonly startTime: number;
  readonly endTime?: number;
  readonly failureReason?: string;
}

const DEVICES_BLOB = "devices.txt";

/** Throws `ArgumentInvalid` that names the field, or `NotImplemented`. */
export function parseTransferRequest(document: unknown): TransferRequest {
  const source = requireObject(document, "The job");
  const type = textOf(source, "type").toLowerCase();
  if (type !== "import" && type !== "export") throw invalid("type must be import or export");
  if (textOf(source, "storageAuthenticationType").toLowerCase() === "identitybased") {
    throw new HubError("NotImplemented", "Access to storage by a managed identity: give container URIs with a SAS.");
  }
  if (source["includeConfigurations"] === true) {
    throw new HubError("NotImplemented", "Configurations in imports and exports: not implemented by this emulator.");
  }
  const [input, output] = [textOf(source, "inputBlobContainerUri"), textOf(source, "outputBlobContainerUri")];
  if (output === "") throw invalid("outputBlobContainerUri is missing");
  if (type === "import" && input === "") throw invalid("inputBlobContainerUri is missing");
  return {
    type,
    ...(type === "import" ? { inputBlobContainerUri: input } : {}),
    inputBlobName: textOf(source, "inputBlobName") || DEVICES_BLOB,
    outputBlobContainerUri: output,
    outputBlobName: textOf(source, "outputBlobName") || DEVICES_BLOB,
    excludeKeysInExport: source["excludeKeysInExport"] === true,
  };
}

/** Without what grants access to the containers. */
export function withoutSignatures(request: TransferRequest): TransferRequest {
  const { inputBlobContainerUri: input, outputBlobContainerUri: output } = request;
  const bare = (uri: string): string => uri.replace(/[?#].*$/s, "");
  return {
    ...request,
    ...(input === undefined ? {} : { inputBlobContainerUri: bare(input) }),
    outputBlobContainerUri: bare(output),
  };
}

/** A transfer as services read it. */
export interface TransferDocument extends JsonObject {
  readonly jobId: string;
}

export function formatTransfer(transfer: Transfer): TransferDocument {
  const { jobId, request, status, startTime, endTime, failureReason } = transfer;
  const { type, inputBlobContainerUri: input, outputBlobContainerUri, excludeKeysInExport } = request;
  return {
    jobId,
    type,
    status,
    progress: status === "completed" ? 100 : 0,
    startTimeUtc: new Date(startTime).toISOString(),
    endTimeUtc: endTime === undefined ? null : new Date(endTime).toISOString(),
    ...(input === undefined ? {} : { inputBlobContainerUri: input }),
    outputBlobContainerUri,
    ...(type === "export" ? { excludeKeysInExport } : {}),
    failureReason: failureReason ?? null,
  };
}

function textOf(source: Readonly<Record<string, unknown>>, name: string): string {
  const value = source[name];
  if (value === undefined || value === null) return "";
  if (typeof value !== "string" || value.length > 4096) throw invalid(`${name} must be a string`);
  return value;
}

function invalid(problem: string): HubError {
  return new HubError("ArgumentInvalid", `The job's ${problem}.`);
}
