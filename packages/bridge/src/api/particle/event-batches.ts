/**
 * Many events in one request, for gateways and for devices that were without a connection. Each is judged by itself and has its
 * result; those that are accepted are handed to the store in one turn, so that one flush serves them all and their order stays.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Accept } from "../../core/accept.ts";
import type { DeviceRate } from "../../core/rate-limit.ts";
import { rateLimited, unavailable } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { Places } from "../limits/places.ts";
import { tenantOf } from "../ownership.ts";
import { batchIn, parseLines } from "./batch-body.ts";
import type { BatchItem } from "./batch-body.ts";
import { productSpeakers, sandboxSpeakers } from "./speakers.ts";
import type { Speaker, Speakers } from "./speakers.ts";

interface InProduct {
  Params: { product: string };
}

type ItemResult =
  | { readonly ok: true; readonly id: string; readonly repeated?: true }
  | {
      readonly ok: false;
      readonly error: string;
      readonly code: "invalid_event" | "unknown_device" | "rate_limit_exceeded" | "unavailable";
      readonly field?: string;
      /** Seconds. */
      readonly retry_after?: number;
    };

const BATCH_BYTES = 4 * 1024 * 1024;
/** Batches in memory at once: bounds what slow senders and a slow disk can pile up, and leaves room beside one of them. */
const UNDER_WAY = { total: 32, each: 16 };
const tags = ["events"];

export function registerEventBatches(
  app: FastifyInstance,
  { directory, accept, limits }: ApiDependencies,
  authentication: Authentication,
): void {
  const places = new Places(UNDER_WAY);

  /** The token is known to be good before four megabytes are read. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const leave = places.take(tenantOf(await authentication.caller(request)));
    if (leave === null) throw unavailable("Too many batches at once. Try again.", 1);
    reply.raw.once("close", leave);
  }

  const route = (summary: string): object => ({
    onRequest: [requireTokenPlacement, admit],
    config: { counted: "publishing" },
    bodyLimit: BATCH_BYTES,
    schema: { summary, tags },
  });

  // In a context of its own: no other route reads lines of JSON.
  app.register(async (batches) => {
    parseLines(batches);

    batches.post(
      "/v1/devices/events/batch",
      route("Publish many events as an account or a device"),
      async (request) => {
        const caller = await authentication.caller(request);
        const results = await publishAll(batchIn(request), sandboxSpeakers(directory, caller));
        if (caller.kind === "device") refuseWhole(results, "rate_limit_exceeded", rateLimited);
        return answer(results);
      },
    );

    batches.post<InProduct>(
      "/v1/products/:product/events/batch",
      route("Publish many events in a product"),
      async (request) => {
        const caller = await authentication.caller(request);
        const speakers = await productSpeakers(directory, caller, request.params.product);
        return answer(await publishAll(batchIn(request), speakers));
      },
    );
  });

  async function publishAll(items: readonly BatchItem[], speakers: Speakers): Promise<readonly ItemResult[]> {
    const spoken = await Promise.all(items.map((item) => withSpeaker(item, speakers)));
    const waits = takeTurns(spoken, limits.device);
    return Promise.all(spoken.map((item) => publishOne(item, waits, accept)));
  }
}

type SpokenItem = BatchItem & { readonly speaker?: Speaker | null };

async function withSpeaker(item: BatchItem, speakers: Speakers): Promise<SpokenItem> {
  return "publication" in item ? { ...item, speaker: await speakers(item.publication.asDeviceId) } : item;
}

/** A device's share of a batch is taken whole or not at all; milliseconds to wait, by device. */
function takeTurns(items: readonly SpokenItem[], rate: DeviceRate): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { speaker } of items) {
    const id = speaker?.device?.id;
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return new Map(Array.from(counts, ([id, count]) => [id, rate.take(id, count)]));
}

async function publishOne(item: SpokenItem, waits: ReadonlyMap<string, number>, accept: Accept): Promise<ItemResult> {
  if (!("publication" in item))
    return { ok: false, error: item.fault.message, code: "invalid_event", ...item.fault.at };
  const { speaker } = item;
  if (speaker === null || speaker === undefined) {
    return { ok: false, error: "No such device, or not yours", code: "unknown_device", field: "as_device_id" };
  }
  const wait = waits.get(speaker.device?.id ?? "") ?? 0;
  if (wait > 0) {
    const retryAfter = Math.ceil(wait / 1000);
    return { ok: false, error: "The device publishes too often", code: "rate_limit_exceeded", retry_after: retryAfter };
  }
  const { asDeviceId: _named, ...event } = item.publication;
  const taken = await accept({ ...event, ...speaker });
  switch (taken.kind) {
    case "accepted":
      return { ok: true, id: taken.event.id, ...(taken.repeated === true && { repeated: true }) };
    case "fault":
      return { ok: false, error: taken.fault.message, code: "invalid_event", field: taken.fault.field };
    case "unavailable":
      return { ok: false, error: taken.message, code: "unavailable", retry_after: taken.retryAfterSeconds };
  }
}

function answer(results: readonly ItemResult[]): { ok: boolean; results: readonly ItemResult[] } {
  refuseWhole(results, "unavailable", unavailable);
  return { ok: results.every(({ ok }) => ok), results };
}

/** When nothing of a batch was taken for one passing reason, the whole answer says so, in the way that every client retries. */
function refuseWhole(
  results: readonly ItemResult[],
  code: "unavailable" | "rate_limit_exceeded",
  refusal: (message: string, retryAfterSeconds: number) => Error,
): void {
  const [first] = results;
  if (first === undefined || first.ok || !results.every((result) => !result.ok && result.code === code)) return;
  throw refusal(first.error, first.retry_after ?? 1);
}
