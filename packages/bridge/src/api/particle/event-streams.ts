/** Events as they happen, as server-sent events: of an account, of a product, of one device. There is no replay. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { FeedFilter } from "../../core/event-feed.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownDevice, ownProduct, productDevice } from "../ownership.ts";
import type { StreamDoor } from "../stream-door.ts";
import { createFrames } from "./event-frame.ts";

interface StreamRequest {
  Params: { product?: string; device?: string; prefix?: string; "*"?: string };
}
type Wanted = Omit<FeedFilter, "prefix">;

/** Who may hear what: asked when a stream opens, and again while it is open. */
type Admission = (request: FastifyRequest<StreamRequest>) => Promise<Wanted>;

const tags = ["events"];

export function registerEventStreams(
  app: FastifyInstance,
  { directory, feed }: ApiDependencies,
  authentication: Authentication,
  enter: StreamDoor,
): void {
  const frameOf = createFrames();

  const ownEvents: Admission = async (request) => {
    const { accountId } = await authentication.account(request, "account");
    return { scope: { kind: "sandbox", accountId }, deviceId: null };
  };
  const ownDeviceEvents: Admission = async (request) => {
    const caller = await authentication.account(request, "account");
    const { id } = await ownDevice(directory, caller, request.params.device!);
    return { scope: { kind: "sandbox", accountId: caller.accountId }, deviceId: id };
  };
  const fleetEvents: Admission = async (request) => {
    const caller = await authentication.account(request, "events:get");
    const { id } = await ownProduct(directory, caller, request.params.product!);
    return { scope: { kind: "product", productId: id }, deviceId: null };
  };
  const fleetDeviceEvents: Admission = async (request) => {
    const caller = await authentication.account(request, "events:get");
    const product = await ownProduct(directory, caller, request.params.product!);
    const { id } = await productDevice(directory, product.id, request.params.device!);
    return { scope: { kind: "product", productId: product.id }, deviceId: id };
  };

  const refuseWithoutPrefix: Admission = async (request) => {
    if (prefixOf(request) === "") {
      await authentication.account(request, "account");
      throw badRequest("event prefix filter is required");
    }
    return ownEvents(request);
  };

  stream("/v1/events", "Own events whose names begin with a prefix", refuseWithoutPrefix);
  stream("/v1/devices/events", "Events of own devices", ownEvents);
  stream("/v1/devices/:device/events", "Events of one own device", ownDeviceEvents);
  stream("/v1/products/:product/events", "Events of a product's devices", fleetEvents);
  stream("/v1/products/:product/devices/:device/events", "Events of one device of a product", fleetDeviceEvents);

  /** With the prefix as one escaped segment, as the clients send it, and with raw slashes, as people type it. */
  function stream(path: string, summary: string, admission: Admission): void {
    const handler = async (request: FastifyRequest<StreamRequest>, reply: FastifyReply): Promise<void> =>
      open(request, reply, admission);
    for (const [url, hide] of [
      [path, false],
      [`${path}/:prefix`, false],
      [`${path}/*`, true],
    ] as const) {
      const schema = { summary, tags, hide };
      app.get<StreamRequest>(url, { onRequest: [requireTokenPlacement], exposeHeadRoute: false, schema }, handler);
    }
  }

  async function open(
    request: FastifyRequest<StreamRequest>,
    reply: FastifyReply,
    admission: Admission,
  ): Promise<void> {
    const wanted = await admission(request);
    const filter = { ...wanted, prefix: prefixOf(request) };
    const form = wanted.scope.kind === "product" ? "product" : "account";
    enter(request, reply, {
      review: () => admission(request),
      listen: (write) => feed.subscribe(filter, (event) => write(frameOf(event, form))),
    });
  }
}

function prefixOf({ params }: FastifyRequest<StreamRequest>): string {
  return params.prefix ?? params["*"] ?? "";
}
