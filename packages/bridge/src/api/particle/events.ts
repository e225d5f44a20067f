/**
 * Publishing: the one route that is called thousands of times a second. Everything it needs is made once; a request costs two
 * cached look-ups, a few checks by hand and the wait for the disk.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isCloudDeviceId } from "../../core/device.ts";
import type { IncomingEvent } from "../../core/ports.ts";
import { badRequest, permissionDenied, rateLimited, unavailable, unknownDevice } from "../api-error.ts";
import { allow, requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, sandboxOf } from "../ownership.ts";

interface InProduct {
  Params: { product: string };
}

interface Publication {
  readonly name: string;
  readonly data: string | null;
  /** The device to speak as, when the body names one. */
  readonly asDeviceId: string | null;
}

/** An event is a kilobyte; 64 are room for any envelope. */
const EVENT_BODY_BYTES = 64 * 1024;
/** JSON can spell half a character; UTF-8 cannot carry it, and mending it would change what was published. */
const LONE_SURROGATE = /\p{Surrogate}/u;
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
    const publication = publicationIn(request);
    const { asDeviceId } = publication;
    if (caller.kind === "device") {
      if (asDeviceId !== null && asDeviceId !== caller.device.id) throw unknownDevice();
      return take(publication, { device: caller.device, productId: caller.device.productId }, reply);
    }
    const accountId = sandboxOf(caller);
    if (asDeviceId === null) return take(publication, { device: null, productId: null, accountId }, reply);
    const device = await directory.device(asDeviceId);
    if (device === null || device.ownerId !== accountId) throw unknownDevice();
    return take(publication, { device, productId: device.productId }, reply);
  });

  app.post<InProduct>(
    "/v1/products/:product/events",
    route("Publish an event in a product"),
    async (request, reply) => {
      const caller = await authentication.caller(request);
      if (caller.kind === "device") throw permissionDenied("A device publishes to /v1/devices/events");
      allow(caller, "events:send");
      const product = await ownProduct(directory, caller, request.params.product);
      const publication = publicationIn(request);
      if (publication.asDeviceId === null) return take(publication, { device: null, productId: product.id }, reply);
      const device = await directory.device(publication.asDeviceId);
      if (device === null || device.productId !== product.id) throw unknownDevice();
      return take(publication, { device, productId: product.id }, reply);
    },
  );

  async function take(
    { name, data }: Publication,
    speaker: Pick<IncomingEvent, "device" | "productId" | "accountId">,
    reply: FastifyReply,
  ): Promise<string> {
    const wait = speaker.device === null ? 0 : limits.device.take(speaker.device.id);
    if (wait > 0) throw rateLimited("The device publishes too often", wait / 1000);
    const taken = await accept({ name, data, ...speaker });
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

/** `private` and `ttl` are what clients send and nothing reads any more. */
function publicationIn(request: FastifyRequest): Publication {
  const fields: Fields = fieldsOf(request);
  const { name, data, as_device_id: asDeviceId } = fields;
  if (name === undefined || name === null || name === "") throw badRequest("name is required");
  if (typeof name !== "string") throw badRequest("name must be a string");
  if (data !== undefined && data !== null && typeof data !== "string") throw badRequest("data must be a string");
  if (typeof data === "string" && LONE_SURROGATE.test(data)) throw badRequest("data must be well-formed Unicode");
  return { name, data: data ?? null, asDeviceId: asDeviceId === undefined ? null : deviceIdIn(asDeviceId) };
}

function deviceIdIn(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value !== "string") throw badRequest("as_device_id must be a string");
  const id = value.toLowerCase();
  if (!isCloudDeviceId(id)) throw unknownDevice();
  return id;
}
