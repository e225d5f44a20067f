/**
 * The storage account that devices upload files to: real, or an emulator of one. Devices go there by https whatever the
 * connection string says, so the hub tries that first.
 */
import { request as requestHttp } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import type { BlobProperties, BlobStorage } from "../hub/files/file-uploads.ts";
import { blobAccess, containerCreation } from "./shared-access.ts";
import { parseStorageConnectionString } from "./storage-account.ts";
import type { StorageAccount } from "./storage-account.ts";

export interface BlobStorageOptions {
  readonly connectionString: string;
  /** Default `device-files`. Made when it is missing. */
  readonly container?: string;
  /** PEM of an authority to trust besides those that Node trusts. */
  readonly ca?: string;
}

const TIMEOUT_MS = 10_000;
const QUESTION_MS = 300_000;

/** Throws an `Error` when the connection string or the container's name cannot be used. Opens no connection. */
export function createBlobStorage({
  connectionString,
  container = "device-files",
  ca,
}: BlobStorageOptions): BlobStorage {
  const account = parseStorageConnectionString(connectionString);
  if (!/^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(container)) {
    throw new Error("A storage container's name has 3 to 63 lower-case letters, digits and single hyphens.");
  }
  const { blobEndpoint } = account;
  const ask = createAsk(account, ca);
  const pathOf = (blobName: string): string => `/${container}/${blobName.split("/").map(encodeURIComponent).join("/")}`;
  let isPrepared = false;
  return {
    hostName: blobEndpoint.host + blobEndpoint.pathname.replace(/\/$/, ""),
    containerName: container,
    accessToken: (blobName, lifetimeMs) => `?${blobAccess(account, container, blobName, Date.now() + lifetimeMs)}`,
    uri: (blobName) => baseOf(blobEndpoint) + pathOf(blobName),
    async prepare() {
      if (isPrepared) return;
      const access = containerCreation(account, Date.now() + QUESTION_MS);
      const { status, code } = await ask("PUT", `/${container}?restype=container&${access}`);
      if (status !== 201 && status !== 409) throw refused(status, code);
      isPrepared = true;
    },
    async properties(blobName) {
      const access = blobAccess(account, container, blobName, Date.now() + QUESTION_MS);
      const { status, code, headers } = await ask("HEAD", `${pathOf(blobName)}?${access}`);
      if (status === 404) return undefined;
      if (status !== 200) throw refused(status, code);
      return propertiesOf(headers);
    },
  };
}

interface StorageAnswer {
  readonly status: number;
  readonly code: string;
  readonly headers: IncomingMessage["headers"];
}

type Ask = (method: string, target: string) => Promise<StorageAnswer>;

/** Asks by the first way that leads to an answer; throws the error of the first. */
function createAsk({ blobEndpoint }: StorageAccount, ca: string | undefined): Ask {
  const ways = [
    { protocol: "https:", trust: {} },
    ...(ca === undefined ? [] : [{ protocol: "https:", trust: { ca } }]),
    ...(blobEndpoint.protocol === "http:" ? [{ protocol: "http:", trust: {} }] : []),
  ];
  return async (method, target) => {
    let first: unknown;
    for (const { protocol, trust } of ways) {
      try {
        const url = new URL(baseOf(blobEndpoint).replace(/^https?:/, protocol) + target);
        return await send(url, { method, ...trust });
      } catch (error) {
        first ??= error;
      }
    }
    throw first;
  };
}

function send(url: URL, options: RequestOptions): Promise<StorageAnswer> {
  const start = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = start(url, { ...options, agent: false, signal }, ({ statusCode = 0, headers }) => {
      resolve({ status: statusCode, code: String(headers["x-ms-error-code"] ?? ""), headers });
      request.destroy();
    });
    request.on("error", reject);
    request.end();
  });
}

function propertiesOf(headers: IncomingMessage["headers"]): BlobProperties {
  return {
    size: Number(headers["content-length"] ?? 0),
    lastModified: Date.parse(headers["last-modified"] ?? "") || Date.now(),
  };
}

function baseOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`;
}

function refused(status: number, code: string): Error {
  return new Error(`it answered ${status} ${code}; check the storage connection string's key and the container.`);
}
