/** A container of blobs that a client names by a URI with a shared access signature; imports and exports go there. */
import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { BlobContainer } from "../hub/jobs/transfer.ts";

export interface BlobContainerOptions {
  /** PEM of an authority to trust besides those that Node trusts. */
  readonly ca?: string;
}

interface Question {
  readonly method: "GET" | "PUT";
  readonly blobName: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
}

/** Blobs are written in blocks of this size, and a blob has no more than 50,000 of them. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Without a byte from the storage. */
const SILENCE_MS = 30_000;

/** Throws an `Error` for what is no http or https URI of a container. Opens no connection. */
export function createBlobContainer(uri: string, { ca }: BlobContainerOptions = {}): BlobContainer {
  const url = new URL(uri);
  const isContainer = /^https?:$/.test(url.protocol) && url.pathname.replaceAll("/", "") !== "";
  if (!isContainer) throw new Error("A container's URI begins with https:// or http:// and has its name.");
  const ask = (question: Question): Promise<IncomingMessage> => askStorage(url, ca, question);
  const put = async (question: Omit<Question, "method">): Promise<void> => {
    const answer = await ask({ method: "PUT", ...question });
    answer.resume();
    requireSuccess(answer, question.blobName);
  };
  return {
    async *read(blobName, signal) {
      const answer = await ask({ method: "GET", blobName, signal });
      if (answer.statusCode !== 200) answer.resume();
      requireSuccess(answer, blobName);
      for await (const piece of answer) yield piece as Buffer;
    },
    async write(blobName, pieces, signal) {
      const blocks: string[] = [];
      for await (const body of inBlocks(pieces)) {
        const id = Buffer.from(String(blocks.length).padStart(8, "0")).toString("base64");
        await put({ blobName, query: `comp=block&blockid=${encodeURIComponent(id)}`, body, signal });
        blocks.push(id);
      }
      const list = blocks.map((id) => `<Latest>${id}</Latest>`).join("");
      const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
      const headers = { "x-ms-blob-content-type": "text/plain" };
      await put({ blobName, query: "comp=blocklist", headers, body, signal });
    },
  };
}

async function* inBlocks(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < BLOCK_BYTES) continue;
    yield Buffer.concat(waiting);
    [waiting, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(waiting);
}

// A storage emulator may show a certificate of the hub's own authority.
async function askStorage(container: URL, ca: string | undefined, question: Question): Promise<IncomingMessage> {
  try {
    return await send(container, undefined, question);
  } catch (error) {
    if (ca === undefined || container.protocol !== "https:" || question.signal.aborted) throw error;
    return send(container, ca, question);
  }
}

function send(
  container: URL,
  ca: string | undefined,
  { method, blobName, query, headers = {}, body, signal }: Question,
): Promise<IncomingMessage> {
  const url = new URL(container);
  url.pathname = `${container.pathname.replace(/\/$/, "")}/${encodeURIComponent(blobName)}`;
  url.search = [query, container.search.slice(1)].filter(Boolean).join("&");
  const start = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const length = method === "PUT" ? { "Content-Length": String(body?.length ?? 0) } : {};
    const options = { method, agent: false, signal, headers: { ...headers, ...length }, ...(ca && { ca }) } as const;
    const request = start(url, options, resolve);
    request.setTimeout(SILENCE_MS, () => request.destroy(new Error("The storage does not answer.")));
    request.on("error", reject);
    request.end(body);
  });
}

function requireSuccess({ statusCode = 0, headers }: IncomingMessage, blobName: string): void {
  if (statusCode >= 200 && statusCode < 300) return;
  const code = String(headers["x-ms-error-code"] ?? "");
  throw new Error(`The storage answered ${statusCode} ${code} for ${blobName}; check the container and its SAS.`);
}
