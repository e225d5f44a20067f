/** Deliveries of an integration, for consoles and the command line: looking at them and acting on them. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isCloudDeviceId } from "../../core/device.ts";
import type { DeliveryFilter, Selection } from "../../core/delivery-history.ts";
import type { Permission } from "../../core/permission.ts";
import { ApiError, badRequest, notFound } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import {
  fieldsOf,
  optionalFlag,
  optionalInteger,
  optionalOneOf,
  optionalText,
  requiredText,
  type Fields,
} from "../bodies.ts";
import { deliveryDetailJson, deliveryJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { failureJson } from "../particle/integration-json.ts";
import { optionalTime } from "../times.ts";
import { DELIVERY_STATES } from "./delivery-states.ts";

interface OfIntegration {
  Params: { id: string; delivery: string };
  Querystring: Record<string, unknown>;
}

const tags = ["admin"];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_IDS = 1000;
const MAX_NOTE = 200;
/** Longer than any event may be; the event's own rules are judged after. */
const MAX_DATA = 100_000;

export function registerDeliveries(
  app: FastifyInstance,
  { directory, deliveries }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const path = "/admin/v1/integrations/:id/deliveries";

  async function own(request: FastifyRequest<OfIntegration>, permission: Permission): Promise<string> {
    const caller = await authentication.account(request, permission);
    return (await ownIntegration(directory, caller, request.params.id)).id;
  }

  app.get<OfIntegration>(path, route("Deliveries, newest first"), async (request) => {
    const id = await own(request, "integrations:get");
    const { query } = request;
    const limit = optionalInteger(query, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    const before = cursorIn(query);
    const page = await deliveries.page(id, { ...filterIn(query), limit, ...(before !== null && { before }) });
    const { failure } = deliveries.integrationState(id);
    // What waits without a failure of its own waits for this. `next` goes into `cursor` for the following page.
    const heldUpBy = failure === null ? null : failureJson(failure);
    return { deliveries: page.records.map(deliveryJson), held_up_by: heldUpBy, next: page.next };
  });

  app.get<OfIntegration>(`${path}/:delivery`, route("One delivery with its event and its tries"), async (request) => {
    const id = await own(request, "integrations:get");
    const found = await deliveries.delivery(id, deliveryId(request.params.delivery));
    if (found === null) throw notFound("Delivery");
    return { delivery: deliveryDetailJson(found) };
  });

  app.post<OfIntegration>(`${path}/retry`, route("Send parked deliveries again"), async (request) => {
    const id = await own(request, "integrations:update");
    const which = selectionIn(fieldsOf(request)) ?? { kind: "all" };
    const tried = await waitingOf(id, which);
    return { retried: await deliveries.retry(id, which), tried };
  });

  /** What is pending is no parked delivery that is retried, but who asks for all or for a cause has it tried at once. */
  async function waitingOf(id: string, which: Selection): Promise<number> {
    if (which.kind === "ids") return 0;
    const holdsAll = which.kind === "all" || deliveries.integrationState(id).failure?.code === which.code;
    if (holdsAll) return (await deliveries.ledger(id)).pending;
    return (await deliveries.failures(id)).find(({ code }) => code === which.code)?.waiting ?? 0;
  }

  app.post<OfIntegration>(`${path}/discard`, route("Give deliveries up, with a reason"), async (request) => {
    const id = await own(request, "integrations:update");
    const fields = fieldsOf(request);
    const which = selectionIn(fields);
    if (which === null) throw badRequest("Give ids, code, or all: true, to say which deliveries are given up");
    return { discarded: await deliveries.discard(id, which, requiredText(fields, "reason", MAX_NOTE)) };
  });

  app.post<OfIntegration>(
    `${path}/:delivery/copy`,
    route("Send a changed copy as a new event"),
    async (request, reply) => {
      const id = await own(request, "integrations:update");
      const result = await deliveries.copy(id, deliveryId(request.params.delivery), changeIn(fieldsOf(request)));
      switch (result.kind) {
        case "copied":
          return reply.code(201).send({ delivery: { id: result.id, event_id: result.eventId } });
        case "fault":
          throw badRequest(result.fault.message);
        case "unknown":
          throw notFound("Delivery");
        case "pending":
          throw new ApiError(409, {
            ok: false,
            error: "This delivery is still pending and will be sent as it is",
            code: "delivery_pending",
            next_step: "Discard it first, or wait until it has ended.",
          });
      }
    },
  );
}

function cursorIn(query: Fields): number | null {
  const read = (name: string): number | null => optionalInteger(query, name, 1, Number.MAX_SAFE_INTEGER);
  return read("cursor") ?? read("before");
}

function filterIn(query: Fields): DeliveryFilter {
  const state = optionalOneOf(query, "state", DELIVERY_STATES);
  const deviceId = optionalText(query, "device", 128);
  const event = optionalText(query, "event", 64);
  const code = optionalText(query, "code", 64);
  const since = optionalTime(query, "since");
  const until = optionalTime(query, "until");
  return {
    ...(state !== null && { state }),
    ...(deviceId !== null && { deviceId: deviceFilter(deviceId) }),
    ...(event !== null && { event }),
    ...(code !== null && { code }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
  };
}

/** A name would silently find nothing. */
function deviceFilter(text: string): string {
  const id = text.toLowerCase();
  if (!isCloudDeviceId(id)) throw badRequest("device must be a device's id of 24 hexadecimal digits");
  return id;
}

/** `null`: the body does not say. */
function selectionIn(fields: Fields): Selection | null {
  const ids = deliveryIds(fields["ids"]);
  const code = optionalText(fields, "code", 64);
  const all = optionalFlag(fields, "all") ?? false;
  if ([ids !== null, code !== null, all].filter(Boolean).length > 1) throw badRequest("Give one of ids, code and all");
  if (ids !== null) return { kind: "ids", ids };
  if (code !== null) return { kind: "code", code };
  return all ? { kind: "all" } : null;
}

function deliveryIds(value: unknown): readonly number[] | null {
  if (value === undefined || value === null) return null;
  const isList =
    Array.isArray(value) && value.length <= MAX_IDS && value.every((id) => Number.isSafeInteger(id) && id > 0);
  if (!isList) throw badRequest(`ids must be a list of at most ${MAX_IDS} delivery ids`);
  return value as readonly number[];
}

function deliveryId(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id < 1) throw notFound("Delivery");
  return id;
}

/** What is left out stays as it was; `data: null` takes it away. */
function changeIn(fields: Fields): { data?: string | null; name?: string } {
  const { data, name } = fields;
  if (data !== undefined && data !== null && typeof data !== "string") throw badRequest("data must be a string");
  if (typeof data === "string" && data.length > MAX_DATA) throw badRequest("data is too long");
  if (name !== undefined && typeof name !== "string") throw badRequest("name must be a string");
  return { ...(data !== undefined && { data }), ...(name !== undefined && { name }) };
}
