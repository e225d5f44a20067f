/** Sends webhooks: kept-alive connections, a few at once for each target, guarded addresses, bounded waits and answers. */
import { Agent, request as send, type Dispatcher } from "undici";
import { fail, succeed, type Result } from "../core/failure.ts";
import type { WebhookAnswer, WebhookClient, WebhookRequest } from "../core/webhook.ts";
import { addressGuard } from "../network/address-guard.ts";
import { webhookFailure } from "./webhook-failure.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** The device cloud's limit for a target's answer. */
const ANSWER_TIMEOUT_MS = 20_000;
const CONNECTIONS_PER_TARGET = 16;
/** More of an answer never goes back to a device. */
const LARGEST_ANSWER = 100 * 1024;

export interface WebhookClientOptions {
  /** Whether this host may have a private or loopback address: the operator's decision. */
  readonly allowPrivate: (hostName: string) => boolean;
  readonly answerTimeoutMs?: number;
}

export function createWebhookClient(options: WebhookClientOptions): WebhookClient {
  const { allowPrivate, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const agents = new Map<string, Agent>();

  function agentFor(isPrivateFine: boolean, rejectUnauthorized: boolean): Agent {
    const key = `${isPrivateFine} ${rejectUnauthorized}`;
    let agent = agents.get(key);
    if (agent === undefined) {
      const { lookup } = addressGuard({ allowPrivate: isPrivateFine });
      const connect = { timeout: CONNECT_TIMEOUT_MS, lookup, rejectUnauthorized };
      agent = new Agent({ connections: CONNECTIONS_PER_TARGET, keepAliveTimeout: 10_000, connect });
      agents.set(key, agent);
    }
    return agent;
  }

  return {
    async request({ method, url, headers, body, rejectUnauthorized }: WebhookRequest): Promise<Result<WebhookAnswer>> {
      const { hostname } = new URL(url);
      const isPrivateFine = allowPrivate(hostname);
      if (!addressGuard({ allowPrivate: isPrivateFine }).admitsLiteral(hostname.replace(/^\[|\]$/g, "")))
        return fail("webhook_address_refused", `${hostname} is no public address.`);
      try {
        const answer = await send(url, {
          method,
          headers,
          body,
          dispatcher: agentFor(isPrivateFine, rejectUnauthorized),
          signal: AbortSignal.timeout(answerTimeoutMs),
        });
        return succeed({
          status: answer.statusCode,
          headers: singleHeaders(answer.headers),
          body: await readUpTo(LARGEST_ANSWER, answer.body),
        });
      } catch (error) {
        return { ok: false, failure: webhookFailure(error, hostname) };
      }
    },
    async close(): Promise<void> {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

function singleHeaders(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    single[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  return single;
}

/** Leaves the loop when enough is read, which ends the connection of an endless answer. */
async function readUpTo(limit: number, body: Dispatcher.ResponseData["body"]): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
