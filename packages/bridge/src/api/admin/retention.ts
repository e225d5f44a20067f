/** What is kept and for how long, what is erased, and what operators have to know. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isThing } from "../../core/device.ts";
import type { RetentionSettings } from "../../core/delivery-history.ts";
import { notFound, permissionDenied } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { sandboxOf, visibleDevice } from "../ownership.ts";
import { isoTime } from "../particle/iso-time.ts";

const tags = ["admin"];
const HOUR_MS = 3_600_000;
const MAX_HOURS = 24 * 365;

const FIELDS: Readonly<Record<keyof RetentionSettings, string>> = {
  deliveredMs: "delivered_hours",
  parkedMs: "parked_hours",
  pendingMs: "pending_hours",
};

export function registerRetention(
  app: FastifyInstance,
  { directory, deliveries, things }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function operator(request: FastifyRequest): Promise<void> {
    const caller = await authentication.account(request, "account");
    const account = await directory.account(sandboxOf(caller));
    if (account?.operator !== true) throw permissionDenied("Only an operator of this server may do this");
  }

  app.get("/admin/v1/settings/retention", route("How long deliveries are kept"), async (request) => {
    await authentication.account(request, "account");
    return { retention: retentionJson(await deliveries.retention()) };
  });

  app.put("/admin/v1/settings/retention", route("Change how long deliveries are kept"), async (request) => {
    await operator(request);
    const fields = fieldsOf(request);
    const entries = Object.entries(FIELDS).flatMap(([name, field]) => {
      const hours = optionalInteger(fields, field, 1, MAX_HOURS);
      return hours === null ? [] : [[name, hours * HOUR_MS] as const];
    });
    return { retention: retentionJson(await deliveries.setRetention(Object.fromEntries(entries))) };
  });

  app.get("/admin/v1/incidents", route("What an operator has to know about the data"), async (request) => {
    await operator(request);
    const incidents = await deliveries.incidents();
    return { incidents: incidents.map(({ id, kind, message, at }) => ({ id, kind, message, at: isoTime(at) })) };
  });

  app.delete<{ Params: { incident: string } }>(
    "/admin/v1/incidents/:incident",
    route("Acknowledge an incident"),
    async (request, reply) => {
      await operator(request);
      const { incident } = request.params;
      const isKnown = /^\d{1,15}$/.test(incident) && (await deliveries.acknowledgeIncident(Number(incident)));
      if (!isKnown) throw notFound("Incident");
      return reply.code(204).send();
    },
  );

  app.delete<{ Params: { device: string } }>(
    "/admin/v1/devices/:device/data",
    route("Erase what a device has said"),
    async (request) => {
      const caller = await authentication.account(request, "account");
      const device = await visibleDevice(directory, caller, request.params.device);
      // It has never published here: what it said is its state. First, because erasing ends with overwriting the log.
      const deleted = isThing(device) ? await things.delete(device.id) : null;
      const erased = await deliveries.eraseDevice(device.id);
      return deleted === null
        ? { erased, not_erased: NOT_ERASED }
        : { erased, deleted, not_erased: NOT_ERASED_OF_THING };
    },
  );
}

/** What no server can take back, said to whoever asked. */
const NOT_ERASED = [
  "Messages that a hub has taken: it keeps them for up to 7 days, and its readers may have copies.",
  "The device's identity and twin in the hub: delete them there.",
  "Backups of the data folder that were made before.",
];

const NOT_ERASED_OF_THING = [NOT_ERASED[0], "Backups of the data folder that were made before."];

function retentionJson(settings: RetentionSettings): Record<string, number> {
  return Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => [
      field,
      Math.round(settings[name as keyof RetentionSettings] / HOUR_MS),
    ]),
  );
}
