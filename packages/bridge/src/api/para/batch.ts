/**
 * Many Things in one request. All of it is judged before any of it is done; what the hub refuses then is told beside what
 * was made, because the keys of what was made are shown here and never again.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { JsonObject } from "../../core/json.ts";
import type { NewThing, ThingWithState } from "../../core/thing.ts";
import { ApiError } from "../api-error.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { paraCaller } from "./authentication.ts";
import type { ParaCaller } from "./authentication.ts";
import { batchIds, newThings, thingChanges } from "./batch-body.ts";
import type { BatchChange } from "./batch-body.ts";
import { inParallel } from "./in-parallel.ts";
import { paraErrorBody } from "./para-error.ts";
import { selection } from "./select.ts";
import { overwriting } from "./thing-body.ts";
import { notChanged, notMade, unknownThing } from "./thing-errors.ts";
import { thingJson } from "./thing-json.ts";
import { ownThings } from "./thing-lookup.ts";
import { HUB_WAIT_MS, requireRoomIn } from "./things.ts";
import { Turns } from "./turns.ts";

/** Objects that are under way at once. The hub's own pace is kept further in. */
const WIDTH = 8;
/** Deletions that are under way at once: they are done when they are noted, the hub may take its time. */
const DELETING_WIDTH = 100;
/** How long the answer to a whole batch waits for the hub. */
const BATCH_WAIT_MS = 15_000;
/** Refusals that are told one by one. */
const MAX_TOLD = 100;
const tags = ["para"];
const route = (summary: string): object => ({ schema: { summary, tags } });

interface Query {
  Querystring: Record<string, unknown>;
}

/** What became of one object: its JSON, or why not. `null`: it is not there, which is nobody's fault. */
type Done = JsonObject | ApiError | null;

export function registerBatch(
  app: FastifyInstance,
  { things, thingRecords, states, limits, now }: ApiDependencies,
): void {
  for (const method of ["POST", "PUT"] as const) {
    app.route<Query>({
      method,
      url: "/v1/_batch",
      ...route("Make many things, or overwrite those that are there"),
      async handler(request, reply) {
        const caller = paraCaller(request);
        const select = selection(request.query);
        const inputs = newThings(request.body, (state) => states.fault(state));
        const known = await ownThings(
          thingRecords,
          caller,
          inputs.flatMap(({ id }) => id ?? []),
        );
        const make = maker(caller, known, patience());
        const done = await inParallel(inputs, WIDTH, make);
        return answered(done, { reply, names: inputs, verb: "made", select });
      },
    });
  }

  app.get<Query>("/v1/_batch", route("Read many things"), async (request) => {
    const caller = paraCaller(request);
    const select = selection(request.query);
    const found = await ownThings(thingRecords, caller, batchIds(request.query));
    return [...found.values()].map((one) => select(thingJson(one, caller.product.slug)));
  });

  app.patch<Query>("/v1/_batch", route("Change many things"), async (request, reply) => {
    const caller = paraCaller(request);
    const select = selection(request.query);
    const changes = thingChanges(request.body, (state) => states.fault(state));
    const known = await ownThings(
      thingRecords,
      caller,
      changes.map(({ id }) => id),
    );
    for (const { id, change } of changes) {
      const thing = known.get(id);
      if (thing !== undefined) requireRoomIn(thing, change);
    }
    const [turns, waitMs] = [new Turns(), patience()];
    const done = await inParallel(changes, WIDTH, async (one) =>
      known.has(one.id) ? turns.take(one.id, async () => changed(caller, one, waitMs())) : null,
    );
    return answered(done, { reply, names: changes, verb: "changed", select });
  });

  app.delete<Query>("/v1/_batch", route("Delete many things and their devices in the hub"), async (request, reply) => {
    const found = await ownThings(thingRecords, paraCaller(request), batchIds(request.query));
    const deleted = await inParallel([...found.keys()], DELETING_WIDTH, async (id) => things.delete(id));
    if (!deleted.includes(true)) throw unknownThing();
    return reply.code(200).send();
  });

  /** How long each object may wait for the hub, so that a hub that hangs does not hold up the answer for ever. */
  function patience(): () => number {
    const end = limits.elapsed() + BATCH_WAIT_MS;
    return () => Math.max(0, Math.min(HUB_WAIT_MS, end - limits.elapsed()));
  }

  /** Stops asking the hub once it has refused for all. */
  function maker(
    caller: ParaCaller,
    known: ReadonlyMap<string, ThingWithState>,
    waitMs: () => number,
  ): (input: NewThing) => Promise<Done> {
    let refused: ApiError | null = null;
    return async (input) => {
      const there = input.id === undefined ? undefined : known.get(input.id);
      if (there !== undefined) {
        const { id, properties } = there.thing;
        return changed(caller, { id, change: overwriting(input, { id, present: properties }) }, waitMs());
      }
      if (refused !== null) return refused;
      const outcome = await things.create(caller.product, input);
      if (outcome.kind === "made") return thingJson(outcome.made, caller.product.slug, outcome.details);
      const error = notMade(outcome, now());
      if (outcome.kind === "hub" || outcome.kind === "no_hub") refused = error;
      return error;
    };
  }

  async function changed({ product }: ParaCaller, { id, change }: BatchChange, waitMs: number): Promise<Done> {
    const outcome = await things.update(id, change, waitMs);
    if (outcome.kind === "updated") return thingJson(outcome.updated, product.slug);
    return outcome.kind === "unknown" ? null : notChanged(outcome);
  }
}

interface Telling {
  readonly reply: FastifyReply;
  readonly names: readonly { readonly id?: string; readonly name?: string | null }[];
  readonly verb: "made" | "changed";
  readonly select: (object: JsonObject) => JsonObject;
}

/**
 * The objects for which it went well. When none did, the first refusal is the answer; when some did, the refusals come in a
 * header and as a last object, of the type `refusal`, which clients read as any object.
 */
function answered(done: readonly Done[], { reply, names, verb, select }: Telling): readonly JsonObject[] {
  const well = done.filter((one): one is JsonObject => one !== null && !(one instanceof ApiError)).map(select);
  const refusals = done.flatMap((one, index) => (one instanceof ApiError ? [{ index, error: one }] : []));
  const [first] = refusals;
  if (first === undefined) return well;
  if (well.length === 0) throw first.error;
  reply.header("x-isthmus-refused", String(refusals.length));
  const refused = refusals.slice(0, MAX_TOLD).map(({ index, error }): JsonObject => {
    const { id, name } = names[index] ?? {};
    return { index, ...(id !== undefined && { id }), ...(name != null && { name }), ...paraErrorBody(error) };
  });
  return [...well, { type: "refusal", name: `${refusals.length} of ${done.length} were not ${verb}`, refused }];
}
