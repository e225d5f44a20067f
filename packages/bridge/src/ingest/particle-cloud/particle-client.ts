/** Requests to Particle's cloud, or to one that speaks like it: streams and lists of devices. The token goes nowhere else. */
import { Agent, request } from "undici";
import type { Dispatcher } from "undici";
import type { ParticleCloudSource } from "../../core/source.ts";
import { addressGuard } from "../../network/address-guard.ts";

export type StreamAnswer =
  | { readonly kind: "open"; readonly chunks: AsyncIterable<Buffer> }
  | Refusal
  | { readonly kind: "unreachable"; readonly message: string; readonly refusedAddress: boolean };

interface Refusal {
  readonly kind: "refused";
  readonly status: number;
  /** What the cloud said, without control characters, cut. */
  readonly message: string;
  readonly retryAfterMs: number;
}

export type JsonAnswer =
  | { readonly kind: "json"; readonly value: unknown }
  | Refusal
  | { readonly kind: "unreachable"; readonly message: string };

export interface ParticleClient {
  /** Ends when the signal aborts. */
  openStream(source: ParticleCloudSource, token: string, signal: AbortSignal): Promise<StreamAnswer>;
  /** `path` with its query, percent-encoded. */
  get(source: ParticleCloudSource, token: string, path: string, signal: AbortSignal): Promise<JsonAnswer>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT = 15_000;
const REQUEST_TIMEOUT = 60_000;
const LARGEST_LIST = 32 * 1024 * 1024;
const LARGEST_REFUSAL = 16 * 1024;
const MAX_MESSAGE_LENGTH = 200;
const USER_AGENT = "Isthmus";

/** `allowPrivate`: whether a host may resolve to an address of the operator's own network. */
export function createParticleClient(allowPrivate: (host: string) => boolean): ParticleClient {
  const agents = new Map<boolean, Agent>();

  function agentFor(isPrivate: boolean): Agent {
    const known = agents.get(isPrivate);
    if (known !== undefined) return known;
    const { lookup } = addressGuard({ allowPrivate: isPrivate });
    const agent = new Agent({
      connect: { timeout: CONNECT_TIMEOUT, lookup },
      headersTimeout: CONNECT_TIMEOUT,
      bodyTimeout: 0,
      keepAliveTimeout: 10_000,
    });
    agents.set(isPrivate, agent);
    return agent;
  }

  async function send(url: URL, token: string, accept: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const isPrivate = allowPrivate(url.hostname);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (!addressGuard({ allowPrivate: isPrivate }).admitsLiteral(host)) {
      throw Object.assign(new Error(`${host} is no public address`), { code: "ERR_ADDRESS_REFUSED" });
    }
    return request(url, {
      dispatcher: agentFor(isPrivate),
      signal,
      headers: { authorization: `Bearer ${token}`, accept, "user-agent": USER_AGENT },
    });
  }

  return {
    async openStream(source, token, signal) {
      try {
        const answer = await send(streamUrl(source), token, "text/event-stream", signal);
        if (answer.statusCode === 200) return { kind: "open", chunks: answer.body as AsyncIterable<Buffer> };
        return await refusal(answer);
      } catch (error) {
        return { kind: "unreachable", message: reason(error), refusedAddress: codeOf(error) === "ERR_ADDRESS_REFUSED" };
      }
    },

    async get(source, token, path, signal) {
      try {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT)]);
        const answer = await send(new URL(`${source.baseUrl}${path}`), token, "application/json", limited);
        if (answer.statusCode !== 200) return await refusal(answer);
        const text = await readText(answer, LARGEST_LIST);
        if (text === null) return { kind: "unreachable", message: "The answer is too long." };
        return { kind: "json", value: JSON.parse(text) };
      } catch (error) {
        if (error instanceof SyntaxError) return { kind: "unreachable", message: "The answer is not JSON." };
        return { kind: "unreachable", message: reason(error) };
      }
    },

    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

/** Of the product or of the token's own devices; of one device or all. A prefix is one segment of the path. */
function streamUrl({ baseUrl, particleProduct, particleDevice, event }: ParticleCloudSource): URL {
  const product = particleProduct === null ? "" : `/products/${encodeURIComponent(particleProduct)}`;
  const devices = particleDevice === null ? (product === "" ? "/devices" : "") : `/devices/${particleDevice}`;
  const prefix = event === "" ? "" : `/${encodeURIComponent(event)}`;
  return new URL(`${baseUrl}/v1${product}${devices}/events${prefix}`);
}

async function refusal(answer: Dispatcher.ResponseData): Promise<Refusal> {
  const { statusCode: status, headers } = answer;
  const text = await readText(answer, LARGEST_REFUSAL).catch(() => null);
  return { kind: "refused", status, message: messageIn(text), retryAfterMs: retryAfter(headers["retry-after"]) };
}

/** `null` when it is longer than the limit. */
async function readText({ body }: Dispatcher.ResponseData, limit: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function messageIn(text: string | null): string {
  try {
    const { error_description: description, error } = JSON.parse(text ?? "") as Record<string, unknown>;
    const message = typeof description === "string" ? description : error;
    return typeof message === "string" ? message.replaceAll(/\p{Cc}/gu, " ").slice(0, MAX_MESSAGE_LENGTH) : "";
  } catch {
    return "";
  }
}

function retryAfter(header: string | string[] | undefined): number {
  return typeof header === "string" && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : 0;
}

function reason(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return (code === null ? message : `${code}: ${message}`).slice(0, MAX_MESSAGE_LENGTH);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
