/** HTTPS requests to one hub: kept-alive connections, bounded waits. */
import { isIP } from "node:net";
import { Agent, request } from "undici";
import type { Dispatcher } from "undici";
import type { HubEndpoint } from "../core/hub-client.ts";
import { fail, succeed } from "../core/failure.ts";
import type { Failure, Result } from "../core/failure.ts";
import { addressGuard } from "../network/address-guard.ts";
import type { RegistryAccess } from "./registry-access.ts";
import { networkFailure } from "./network-failure.ts";
import type { HttpAnswer } from "./http-refusal.ts";

const API_VERSION = "2021-04-12";
const CONNECT_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 20_000;
const CONNECTIONS = 4;
// A twin is at most 72 KB and its metadata a small multiple of that.
const LARGEST_ANSWER = 1_048_576;

export interface RegistryRequest {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Percent-encoded already. */
  readonly path: string;
  /** Beside the version of the API. */
  readonly query?: Readonly<Record<string, string>>;
  readonly ifMatch?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Bytes of the answer; a longer one fails as `ANSWER_TOO_LONG`. */
  readonly largestAnswer?: number;
  /** Milliseconds; absent: those of the transport. */
  readonly timeout?: number;
}

export interface RegistryTransportOptions {
  /** Asked at each request: the Local Hub may have come back with other ports. */
  readonly endpoint: () => HubEndpoint | undefined;
  /** Who asks: a policy or an Entra identity. */
  readonly access: () => RegistryAccess;
  readonly requestTimeout?: number;
  /** Requests under way at the same time. */
  readonly connections?: number;
}

/** The hub's answer is longer than was asked for. */
export const ANSWER_TOO_LONG: Failure = { code: "hub_error", message: "The hub's answer is too long." };

class AnswerTooLongError extends Error {}

/** Sends requests and gives back whatever was answered; only a request that got no answer fails. */
export class RegistryTransport {
  readonly #options: RegistryTransportOptions;
  #agent: { readonly agent: Agent; readonly trust: string } | undefined;

  constructor(options: RegistryTransportOptions) {
    this.#options = options;
  }

  /** With the credentials that the hub takes. */
  async request(asked: RegistryRequest): Promise<Result<HttpAnswer>> {
    const endpoint = this.#options.endpoint();
    if (endpoint === undefined) return fail("hub_unreachable", "The hub is not running, or has not said where.");
    const { hostName, allowPrivate } = endpoint;
    if (!addressGuard({ allowPrivate }).admitsLiteral(hostName))
      return fail("hub_address_refused", `${hostName} is no public address.`);
    return this.#options.access().ask(hostName, (authorization) => this.#send(asked, endpoint, authorization));
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #send(
    { method, path, query, ifMatch, headers, body, largestAnswer = LARGEST_ANSWER, timeout }: RegistryRequest,
    endpoint: HubEndpoint,
    authorization: string,
  ): Promise<Result<HttpAnswer>> {
    const { hostName, httpsPort } = endpoint;
    const patience = timeout ?? this.#options.requestTimeout ?? REQUEST_TIMEOUT;
    try {
      const answer = await request(`https://${isIP(hostName) === 6 ? `[${hostName}]` : hostName}:${httpsPort}${path}`, {
        method,
        dispatcher: this.#agentFor(endpoint),
        query: { "api-version": API_VERSION, ...query },
        headers: {
          authorization,
          accept: "application/json",
          ...headers,
          ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
          ...(body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience),
        // The client's own patience ends after five minutes.
        headersTimeout: patience,
      });
      return succeed({
        status: answer.statusCode,
        headers: answer.headers,
        body: await readText(answer, largestAnswer),
      });
    } catch (error) {
      if (error instanceof AnswerTooLongError) return { ok: false, failure: ANSWER_TOO_LONG };
      return { ok: false, failure: networkFailure(error, hostName) };
    }
  }

  // What is trusted belongs to the connections, so another certificate authority needs another agent.
  #agentFor({ ca, allowPrivate }: HubEndpoint): Agent {
    const trust = `${allowPrivate} ${ca ?? ""}`;
    if (this.#agent?.trust === trust) return this.#agent.agent;
    void this.#agent?.agent.close();
    const agent = new Agent({
      connections: this.#options.connections ?? CONNECTIONS,
      keepAliveTimeout: 30_000,
      connect: {
        timeout: CONNECT_TIMEOUT,
        lookup: addressGuard({ allowPrivate }).lookup,
        ...(ca === undefined ? {} : { ca }),
      },
    });
    this.#agent = { agent, trust };
    return agent;
  }
}

async function readText({ body }: Dispatcher.ResponseData, largest: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw new AnswerTooLongError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
