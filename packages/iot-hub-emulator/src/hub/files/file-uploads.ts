/**
 * File uploads: a device asks for a place, writes the file to the storage account itself, and says when it is done. The hub
 * hands out the right to write one blob for an hour, and tells services of files that are really there.
 */
import { randomBytes } from "node:crypto";
import type { HubClock } from "../clock/clock.ts";
import { HubError } from "../errors.ts";
import type { DeviceIdentity } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { Registry } from "../registry/registry.ts";
import type { Change } from "../cloud-to-device/sequence.ts";
import type { ServiceQueue } from "../cloud-to-device/service-queue.ts";

/** What uploads need of a storage account. */
export interface BlobStorage {
  /** What clients put between `https://` and the container: host, port and, where the name lacks it, the account. */
  readonly hostName: string;
  readonly containerName: string;
  /** The container exists when it resolves. */
  prepare(): Promise<void>;
  /** Query string, from its question mark, by which its holder may read and write one blob for so long. */
  accessToken(blobName: string, lifetimeMs: number): string;
  uri(blobName: string): string;
  /** `undefined` when there is no such blob. */
  properties(blobName: string): Promise<BlobProperties | undefined>;
}

export interface BlobProperties {
  readonly size: number;
  /** Unix milliseconds. */
  readonly lastModified: number;
}

/** What a device needs for one upload, by the names that it is sent with. */
export interface UploadTicket {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  /** `{device}/{file}`. */
  readonly blobName: string;
  readonly sasToken: string;
}

export interface UploadResult {
  readonly correlationId: string;
  readonly isSuccess: boolean;
}

export interface FileUploadOptions {
  readonly journal: Journal;
  readonly clock: HubClock;
  readonly registry: Registry;
  readonly notifications: ServiceQueue;
  /** Absent: there is nowhere to upload to. */
  readonly storage?: BlobStorage;
  /** Whether services are told of uploaded files; default yes. */
  readonly isNotifying?: boolean;
}

interface Upload {
  readonly deviceId: string;
  readonly generationId: string;
  readonly blobName: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

const MAX_ACTIVE = 10;
const LIFETIME_MS: number = 3_600_000;
/** Of a blob's name, the device's id included. */
const MAX_BLOB_NAME = 1024;
const PREFIX = "upload/";

export class FileUploads {
  readonly #options: FileUploadOptions;
  // By device and correlation id; ended ones go when their device begins another.
  readonly #uploads = new Map<string, Map<string, Upload>>();

  constructor(options: FileUploadOptions) {
    this.#options = options;
    for (const [key, value] of options.journal.entries) {
      if (key.startsWith(PREFIX)) this.#keep(key.slice(PREFIX.length), value as Upload);
    }
    options.registry.onChange(({ kind, identity }) => {
      if (kind === "deleted" && identity.moduleId === undefined) this.#drop(identity.deviceId);
    });
  }

  /**
   * Throws `DefaultStorageEndpointNotConfigured`, `ArgumentInvalid`, `DeviceMaximumActiveFileUploadLimitExceeded`, or
   * `InvalidStorageEndpointOrBlob` when the storage account refuses the hub or does not answer.
   */
  async begin({ deviceId, generationId }: DeviceIdentity, fileName: string): Promise<UploadTicket> {
    const storage = this.#storage();
    const blobName = `${deviceId}/${fileName}`;
    if (fileName === "" || blobName.length > MAX_BLOB_NAME) {
      throw new HubError(
        "ArgumentInvalid",
        `blobName must have 1 to ${MAX_BLOB_NAME - deviceId.length - 1} characters.`,
      );
    }
    await asked(storage.prepare());
    const now = this.#options.clock.now();
    const expired = this.#expired(deviceId, now);
    if ((this.#uploads.get(deviceId)?.size ?? 0) - expired.length >= MAX_ACTIVE) {
      throw new HubError(
        "DeviceMaximumActiveFileUploadLimitExceeded",
        `Number of active file upload requests cannot exceed ${MAX_ACTIVE}. Notify the hub of those that have ended.`,
      );
    }
    const correlationId = randomBytes(24).toString("base64url");
    const upload = { deviceId, generationId, blobName, expiresAt: now + LIFETIME_MS };
    const removals = expired.map((id) => this.#remove(deviceId, id));
    this.#keep(correlationId, upload);
    await this.#options.journal.commit([...removals, [PREFIX + correlationId, upload]]);
    const { hostName, containerName } = storage;
    const sasToken = storage.accessToken(blobName, LIFETIME_MS);
    return { correlationId, hostName, containerName, blobName, sasToken };
  }

  /**
   * The device has done, or given up. Throws `InvalidFileUploadCorrelationId`, `ExpiredFileUploadCorrelationId`, or
   * `InvalidStorageEndpointOrBlob` when it reports a success that the storage account does not know of.
   */
  async finish({ deviceId }: DeviceIdentity, { correlationId, isSuccess }: UploadResult): Promise<void> {
    const storage = this.#storage();
    const upload = this.#uploads.get(deviceId)?.get(correlationId);
    if (upload === undefined) {
      throw new HubError("InvalidFileUploadCorrelationId", "The device has no upload of this correlation id.");
    }
    if (upload.expiresAt <= this.#options.clock.now()) {
      await this.#options.journal.commit([this.#remove(deviceId, correlationId)]);
      throw new HubError("ExpiredFileUploadCorrelationId", "The upload was begun more than an hour ago.");
    }
    const properties = isSuccess ? await uploaded(storage, upload.blobName) : undefined;
    // Said twice at a time, it is told once.
    if (this.#uploads.get(deviceId)?.get(correlationId) !== upload) return;
    const told = properties === undefined ? [] : this.#notify(storage, upload, properties);
    await this.#options.journal.commit([this.#remove(deviceId, correlationId), ...told]);
  }

  #notify(storage: BlobStorage, { deviceId, blobName }: Upload, properties: BlobProperties): readonly Change[] {
    const { isNotifying = true, notifications, clock } = this.#options;
    if (!isNotifying) return [];
    return notifications.add({
      deviceId,
      blobUri: storage.uri(blobName),
      blobName,
      lastUpdatedTime: wholeSeconds(properties.lastModified),
      blobSizeInBytes: properties.size,
      enqueuedTimeUtc: new Date(clock.now()).toISOString(),
    });
  }

  #storage(): BlobStorage {
    const { storage } = this.#options;
    if (storage !== undefined) return storage;
    throw new HubError(
      "DefaultStorageEndpointNotConfigured",
      "The hub has no storage account for files. Start it with --storage and an Azure Storage connection string.",
    );
  }

  #expired(deviceId: string, now: number): readonly string[] {
    const uploads = [...(this.#uploads.get(deviceId) ?? [])];
    return uploads.filter(([, { expiresAt }]) => expiresAt <= now).map(([correlationId]) => correlationId);
  }

  #keep(correlationId: string, upload: Upload): void {
    const { deviceId, generationId } = upload;
    // Of a device that was deleted while the hub could not write it down.
    if (this.#options.registry.find(deviceId)?.generationId !== generationId) return;
    const uploads = this.#uploads.get(deviceId) ?? new Map<string, Upload>();
    this.#uploads.set(deviceId, uploads.set(correlationId, upload));
  }

  #remove(deviceId: string, correlationId: string): Change {
    const uploads = this.#uploads.get(deviceId);
    uploads?.delete(correlationId);
    if (uploads?.size === 0) this.#uploads.delete(deviceId);
    return [PREFIX + correlationId, undefined];
  }

  #drop(deviceId: string): void {
    const ids = [...(this.#uploads.get(deviceId)?.keys() ?? [])];
    if (ids.length === 0) return;
    // Should the write fail, the next start passes over uploads whose device is gone.
    this.#options.journal.commit(ids.map((id) => this.#remove(deviceId, id))).catch(() => undefined);
  }
}

// Java reads no fraction of a second in this field, though it does in the one beside it, and silently gives such a
// notification back until it has been delivered too often. A storage account knows of none either.
function wholeSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "+00:00");
}

async function uploaded(storage: BlobStorage, blobName: string): Promise<BlobProperties> {
  const properties = await asked(storage.properties(blobName));
  if (properties !== undefined) return properties;
  throw new HubError("InvalidStorageEndpointOrBlob", `The storage account has no blob ${blobName}.`);
}

async function asked<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HubError("InvalidStorageEndpointOrBlob", `The hub could not ask its storage account: ${reason}`, {
      cause,
    });
  }
}
