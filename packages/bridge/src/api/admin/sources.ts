/** Sources of a product: streams and webhooks of another device cloud, what they are doing, and what they missed. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hashToken, newToken } from "../../core/ids.ts";
import type { InboundWebhookSource, Source, WebhookSecret } from "../../core/source.ts";
import { badRequest, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, optionalText } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct } from "../ownership.ts";
import { gapJson, sourceJson, webhookDefinition } from "./source-json.ts";
import { sourceSettingsOf, tokenOf } from "./source-settings.ts";

interface InProduct {
  Params: { product: string };
  Querystring: Record<string, unknown>;
}
interface OneSource {
  Params: { product: string; source: string };
  Querystring: Record<string, unknown>;
}

const tags = ["sources"];
const MAX_SOURCES = 20;
const MAX_GAPS = 100;
/** How long a replaced secret is good for, so that the webhook can be changed in the meantime. */
const FORMER_SECRET_MS = 24 * 3_600_000;

export function registerSources(
  app: FastifyInstance,
  { directory, sources, sourceStore, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const baseUrlFault = (baseUrl: string): string | null => sources.baseUrlFault(baseUrl);
  const root = "/admin/v1/products/:product/sources";

  async function productOf(request: FastifyRequest<InProduct>): Promise<number> {
    const caller = await authentication.account(request, "account");
    return (await ownProduct(directory, caller, request.params.product)).id;
  }

  async function find(request: FastifyRequest<OneSource>): Promise<Source> {
    const productId = await productOf(request);
    const source = await sourceStore.source(request.params.source);
    if (source === null || source.productId !== productId) throw notFound("Source");
    return source;
  }

  async function findWebhook(request: FastifyRequest<OneSource>): Promise<InboundWebhookSource> {
    const source = await find(request);
    if (source.kind !== "inbound-webhook") throw refusal(409, "This source follows a stream: it has no webhook");
    return source;
  }

  async function json(source: Source, request: FastifyRequest): Promise<Record<string, unknown>> {
    const progress = await sources.progress(source);
    return sourceJson(source, { state: sources.state(source), progress }, originOf(request));
  }

  app.get<InProduct>(root, route("Sources of a product"), async (request) => {
    const found = await sourceStore.sourcesIn(await productOf(request));
    return { sources: await Promise.all(found.map((source) => json(source, request))) };
  });

  app.post<InProduct>(root, route("Make a source"), async (request, reply) => {
    const productId = await productOf(request);
    const fields = fieldsOf(request);
    const settings = sourceSettingsOf(fields, { productId, baseUrlFault });
    if ((await sourceStore.sourcesIn(productId)).length >= MAX_SOURCES) {
      throw refusal(409, `A product has at most ${MAX_SOURCES} sources`);
    }
    reply.code(201);
    if (settings.kind === "particle-cloud") {
      const token = tokenOf(fields);
      if (token === undefined) throw badRequest("token is required: an access token of Particle's cloud");
      const source = await sourceStore.createSource(settings, token);
      await sources.changed(source.id);
      return { source: await json(source, request) };
    }
    const secret = newToken();
    const source = await sourceStore.createSource(settings, JSON.stringify(webhookSecret(secret, null, 0)));
    return { source: await json(source, request), ...shownOnce(source as InboundWebhookSource, secret, request) };
  });

  app.get<OneSource>(`${root}/:source`, route("One source and what it is doing"), async (request) => ({
    source: await json(await find(request), request),
  }));

  app.put<OneSource>(`${root}/:source`, route("Change what is given of a source"), async (request) => {
    const stored = await find(request);
    const fields = fieldsOf(request);
    const { productId } = stored;
    const settings = sourceSettingsOf(fields, { productId, baseUrlFault, stored });
    const token = settings.kind === "particle-cloud" ? tokenOf(fields) : undefined;
    const source = await sourceStore.updateSource(stored.id, settings, token);
    if (source === null) throw notFound("Source");
    await sources.changed(source.id);
    return { source: await json(source, request) };
  });

  app.delete<OneSource>(`${root}/:source`, route("Delete a source"), async (request, reply): Promise<FastifyReply> => {
    const { id } = await find(request);
    if (!(await sourceStore.deleteSource(id))) throw notFound("Source");
    await sources.changed(id);
    return reply.code(204).send();
  });

  app.get<OneSource>(`${root}/:source/gaps`, route("When a source received nothing"), async (request) => {
    const { id } = await find(request);
    const limit = optionalInteger(request.query, "limit", 1, MAX_GAPS) ?? MAX_GAPS;
    const before = optionalInteger(request.query, "before", 1, Number.MAX_SAFE_INTEGER);
    const gaps = await sourceStore.gaps(id, { limit, ...(before !== null && { before }) });
    return { gaps: gaps.map(gapJson), next: gaps.length < limit ? null : gaps.at(-1)!.id };
  });

  app.get<OneSource>(
    `${root}/:source/webhook-definition`,
    route("The webhook to paste into Particle's console"),
    async (request) => {
      const source = await findWebhook(request);
      return webhookDefinition(source, { origin: originOf(request), event: eventOf(source, request) });
    },
  );

  app.post<OneSource>(`${root}/:source/secret`, route("A new secret for a webhook, shown once"), async (request) => {
    const source = await findWebhook(request);
    const stored = JSON.parse((await sourceStore.sourceSecret(source.id)) ?? "{}") as Partial<WebhookSecret>;
    const secret = newToken();
    const former = webhookSecret(secret, stored.hash ?? null, now() + FORMER_SECRET_MS);
    if ((await sourceStore.updateSource(source.id, source, JSON.stringify(former))) === null) throw notFound("Source");
    return shownOnce(source, secret, request);
  });
}

function webhookSecret(secret: string, formerHash: string | null, formerUntil: number): WebhookSecret {
  return { hash: hashToken(secret), formerHash, formerUntil };
}

/** The only answer that holds the secret. */
function shownOnce(source: InboundWebhookSource, secret: string, request: FastifyRequest): Record<string, unknown> {
  const event = optionalText(request.query as Record<string, unknown>, "event", 64) ?? source.event;
  return { secret, webhook_definition: webhookDefinition(source, { origin: originOf(request), event, secret }) };
}

/** Particle has no webhook for all events: its prefix needs a character at least. */
function eventOf(source: InboundWebhookSource, request: FastifyRequest<OneSource>): string {
  const event = optionalText(request.query, "event", 64) ?? source.event;
  if (event === "") throw badRequest("event is required: say with ?event= how the names begin that are to be sent");
  return event;
}

/** How Particle's cloud reaches this server: as the caller does, unless it knows better. */
function originOf(request: FastifyRequest): string {
  const given = optionalText(request.query as Record<string, unknown>, "public_url", 256);
  if (given === null) return `${request.protocol}://${request.host}`;
  if (!/^https?:\/\/[^\s/?#]+$/.test(given))
    throw badRequest("public_url must be an address such as https://example.com");
  return given;
}
