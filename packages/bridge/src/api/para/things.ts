/** One Thing at a time: make, read, change, overwrite, delete. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { JsonObject } from "../../core/json.ts";
import type { ThingChange, ThingWithState } from "../../core/thing.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { paraCaller } from "./authentication.ts";
import { selection } from "./select.ts";
import { newThing, overwriting, thingChange, voteIn } from "./thing-body.ts";
import { requireRoom } from "./thing-fields.ts";
import { notChanged, notMade, unknownThing } from "./thing-errors.ts";
import { thingJson } from "./thing-json.ts";
import { forThings, ownThing } from "./thing-lookup.ts";
import type { OfThing, OfType } from "./thing-lookup.ts";
import { Turns } from "./turns.ts";

/** How long an answer waits for the hub to take a new state. What it has not taken by then waits on. */
export const HUB_WAIT_MS = 2_000;

export function registerThings(app: FastifyInstance, { things, thingRecords, now }: ApiDependencies): void {
  const votes = new Turns();

  forThings((root, route) => {
    app.post<OfType>(root, route("Make a thing and its device in the hub"), async (request, reply) => {
      const { product } = paraCaller(request);
      const select = selection(request.query);
      const outcome = await things.create(product, newThing(request.body));
      if (outcome.kind !== "made") throw notMade(outcome, now());
      reply.code(201).header("location", `/v1/thing/${encodeURIComponent(outcome.made.thing.id)}`);
      return select(thingJson(outcome.made, product.slug, outcome.details));
    });

    app.get<OfThing>(`${root}/:id`, route("Read a thing"), async (request) => {
      return shown(request, await ownThing(thingRecords, paraCaller(request), request.params.id));
    });

    app.patch<OfThing>(`${root}/:id`, route("Change a thing"), async (request, reply) => {
      const { id } = request.params;
      const caller = paraCaller(request);
      const vote = voteIn(request.body);
      if (vote !== null) {
        await votes.take(id, async () => {
          const { thing } = await ownThing(thingRecords, caller, id);
          await change(id, { votes: thing.votes + vote });
        });
        return reply.type("application/json; charset=utf-8").send("true");
      }
      const wanted = thingChange(request.body);
      const found = await ownThing(thingRecords, caller, id);
      requireRoomIn(found, wanted);
      return shown(request, await change(id, wanted));
    });

    app.put<OfThing>(
      `${root}/:id`,
      route("Make a thing with an id of your choice, or overwrite it"),
      async (request) => {
        const { id } = request.params;
        const { product } = paraCaller(request);
        const select = selection(request.query);
        const input = newThing(request.body, id);
        const found = await thingRecords.thing(id);
        if (found?.thing.productId === product.id) {
          return shown(request, await change(id, overwriting(input, { id, present: found.thing.properties })));
        }
        const outcome = await things.create(product, input);
        if (outcome.kind !== "made") throw notMade(outcome, now());
        return select(thingJson(outcome.made, product.slug, outcome.details));
      },
    );

    app.delete<OfThing>(`${root}/:id`, route("Delete a thing and its device in the hub"), async (request, reply) => {
      const { id } = request.params;
      await ownThing(thingRecords, paraCaller(request), id);
      if (!(await things.delete(id))) throw unknownThing();
      return reply.code(200).send();
    });
  });

  async function change(id: string, wanted: ThingChange): Promise<ThingWithState> {
    const outcome = await things.update(id, wanted, HUB_WAIT_MS);
    if (outcome.kind !== "updated") throw notChanged(outcome);
    return outcome.updated;
  }
}

/** What a change adds to a Thing fits beside what it has. */
export function requireRoomIn({ thing }: ThingWithState, { properties = {} }: ThingChange): void {
  if (Object.keys(properties).length > 0) requireRoom({ ...thing.properties, ...properties });
}

/** As the caller selected it. */
export function shown(request: FastifyRequest, thing: ThingWithState): JsonObject {
  const select = selection(request.query as Record<string, unknown>);
  return select(thingJson(thing, paraCaller(request).product.slug));
}
