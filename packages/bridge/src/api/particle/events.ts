/**
 * Publishing: the one route that is called thousands of times a second. Everything it needs is made once; a request costs two
 * cached look-ups, a few checks by hand and the wait for the disk.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { badRequest, rateLimited, unavailable, unknownDevice } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { readPublication } from "./publication.ts";
import { productSpeakers, sandboxSpeakers } from "./speakers.ts";
import type { Speakers } from "./speakers.ts";

interface InProduct {
  Params: { product: string };
}

/** An event is a kilobyte; 64 are room for any envelope. */
const EVENT_BODY_BYTES = 64 * 1024;
const tags = ["events"];

export function registerEvents(
  app: FastifyInstance,
  { directory, accept, limits }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({
    onRequest: [requireTokenPlacement],
    config: { counted: "publishing" },
    bodyLimit: EVENT_BODY_BYTES,
    schema: { summary, tags },
  });

  app.post("/v1/devices/events", route("Publish an event as an account or a device"), async (request, reply) => {
    const caller = await authentication.caller(request);
    return publish(request, reply, sandboxSpeakers(directory, caller));
  });

  app.post<InProduct>(
    "/v1/products/:product/events",
    route("Publish an event in a product"),
    async (request, reply) => {
      const caller = await authentication.caller(request);
      return publish(request, reply, await productSpeakers(directory, caller, request.params.product));
    },
  );

  async function publish(request: FastifyRequest, reply: FastifyReply, speakers: Speakers): Promise<string> {
    const publication = readPublication(fieldsOf(request));
    if ("field" in publication) throw badRequest(publication.message);
    const { asDeviceId, ...event } = publication;
    const speaker = await speakers(asDeviceId);
    if (speaker === null) throw unknownDevice();
    const wait = speaker.device === null ? 0 : limits.device.take(speaker.device.id);
    if (wait > 0) throw rateLimited("The device publishes too often", wait / 1000);
    const taken = await accept({ ...event, ...speaker });
    switch (taken.kind) {
      case "accepted":
        reply.header("content-type", "application/json; charset=utf-8");
        return `{"ok":true,"id":"${taken.event.id}"}`;
      case "fault":
        throw badRequest(taken.fault.message);
      case "unavailable":
        throw unavailable(taken.message, taken.retryAfterSeconds);
    }
  }
}
