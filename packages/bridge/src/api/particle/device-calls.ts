/** Calling functions and reading variables of devices that are connected. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Device } from "../../core/device.ts";
import type { CallResult } from "../../core/device-links.ts";
import type { Permission } from "../../core/permission.ts";
import { ApiError, badRequest } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownDevice, ownProduct, productDevice } from "../ownership.ts";
import { isoTime } from "./iso-time.ts";

interface OfOwnDevice {
  Params: { idOrName: string; name: string };
  Querystring: Record<string, unknown>;
}
interface OfProductDevice {
  Params: { product: string; id: string; name: string };
  Querystring: Record<string, unknown>;
}
type What = "Function" | "Variable";
type Unanswered = Exclude<CallResult, { readonly kind: "answered" }>;

const tags = ["functions and variables"];
/** UTF-8 bytes of a function's argument. */
const MAX_ARGUMENT_BYTES = 1024;

export function registerDeviceCalls(
  app: FastifyInstance,
  { directory, deviceLinks }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function sandboxDevice(request: FastifyRequest<OfOwnDevice>): Promise<Device> {
    const caller = await authentication.account(request, "account");
    return ownDevice(directory, caller, request.params.idOrName);
  }

  async function fleetDevice(request: FastifyRequest<OfProductDevice>, permission: Permission): Promise<Device> {
    const caller = await authentication.account(request, permission);
    const product = await ownProduct(directory, caller, request.params.product);
    return productDevice(directory, product.id, request.params.id);
  }

  app.post<OfOwnDevice>("/v1/devices/:idOrName/:name", route("Call a function"), async (request, reply) =>
    call(await sandboxDevice(request), request, reply),
  );
  app.post<OfProductDevice>(
    "/v1/products/:product/devices/:id/:name",
    route("Call a function of a product's device"),
    async (request, reply) => call(await fleetDevice(request, "devices.function:call"), request, reply),
  );
  app.get<OfOwnDevice>("/v1/devices/:idOrName/:name", route("Read a variable"), async (request, reply) =>
    read(await sandboxDevice(request), request, reply),
  );
  app.get<OfProductDevice>(
    "/v1/products/:product/devices/:id/:name",
    route("Read a variable of a product's device"),
    async (request, reply) => read(await fleetDevice(request, "devices.variable:get"), request, reply),
  );

  async function call(
    device: Device,
    request: FastifyRequest<OfOwnDevice | OfProductDevice>,
    reply: FastifyReply,
  ): Promise<unknown> {
    const fields = fieldsOf(request);
    const answer = await deviceLinks.call(device.id, request.params.name, argumentIn(fields));
    if (answer.kind !== "answered") throw unanswered(answer.kind, "Function");
    if (wantsRaw(fields) || wantsRaw(request.query)) return raw(reply, String(answer.value));
    return { id: device.id, name: device.name, connected: true, return_value: answer.value };
  }

  async function read(
    device: Device,
    request: FastifyRequest<OfOwnDevice | OfProductDevice>,
    reply: FastifyReply,
  ): Promise<unknown> {
    const isRaw = wantsRaw(request.query);
    const { name } = request.params;
    const answer = await deviceLinks.read(device.id, name);
    if (answer.kind !== "answered") throw unanswered(answer.kind, "Variable");
    const { value } = answer;
    if (isRaw) return raw(reply, typeof value === "string" ? value : JSON.stringify(value));
    const coreInfo = {
      name: device.name,
      deviceID: device.id,
      connected: true,
      last_handshake_at: isoTime(deviceLinks.link(device.id)?.connectedAt ?? null),
    };
    return { name, result: value, coreInfo };
  }
}

/** Documented as `arg`, sent as `args` by the device cloud's own client and as `params` by old ones. */
function argumentIn({ arg, args, params }: Fields): string {
  const given = new Set([arg, args, params].filter((value) => value !== undefined));
  if (given.size > 1) throw badRequest("Give arg or args, not both");
  const value = arg ?? args ?? params ?? "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") throw badRequest("arg must be a string");
  if (Buffer.byteLength(value) > MAX_ARGUMENT_BYTES) {
    throw badRequest(`arg must have at most ${MAX_ARGUMENT_BYTES} bytes`);
  }
  return value;
}

function wantsRaw({ format }: Fields): boolean {
  if (format === undefined || format === "") return false;
  if (format === "raw") return true;
  throw badRequest("format takes 'raw'");
}

/** The bare value. As text, whatever the device says: nothing of it is for a browser to run. */
function raw(reply: FastifyReply, text: string): string {
  void reply.type("text/plain; charset=utf-8");
  return text;
}

function unanswered(kind: Unanswered["kind"], what: What): ApiError {
  switch (kind) {
    case "not_connected":
      return failure(404, "device_not_connected", "The device is not connected", {
        next_step: "Functions and variables need the device's MQTT connection: see that it is up, then ask again.",
      });
    case "unknown":
      return failure(404, "not_on_device", `${what} not found`, {
        next_step: "See functions and variables of the device, and that it subscribes to its commands.",
      });
    case "not_answered":
      return failure(408, "device_timed_out", "Timed out.", {
        next_step: "The device is connected but did not answer. It may have acted: look before you ask again.",
      });
    case "malformed":
      return failure(502, "device_answer_malformed", "The device's answer cannot be read", {
        next_step: `Let the device answer a ${what.toLowerCase()} with ${what === "Function" ? "a decimal number" : "a value of its type"}.`,
      });
    case "busy":
      return failure(503, "device_busy", "Too many questions to the device wait for an answer", {
        next_step: "Ask again when some of them are answered.",
      });
  }
}

function failure(status: number, code: string, error: string, more: { readonly next_step: string }): ApiError {
  const headers = status === 503 ? { "retry-after": "1" } : {};
  return new ApiError(status, { ok: false, error, code, ...more }, headers);
}
