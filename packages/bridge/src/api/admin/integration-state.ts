/** How an integration stands just now: whether it sends, what holds it up, which devices wait and for what. */
import type { FastifyInstance } from "fastify";
import { lineKey } from "../../core/delivery-target.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { failureJson } from "../particle/integration-json.ts";
import { isoTime } from "../particle/iso-time.ts";

interface OfIntegration {
  Params: { id: string };
}

export function registerIntegrationState(
  app: FastifyInstance,
  { directory, deliveries }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "Whether an integration sends now, what holds it up, who waits for what", tags: ["admin"] };
  app.get<OfIntegration>(
    "/admin/v1/integrations/:id/state",
    { onRequest: [requireTokenPlacement], schema },
    async (request) => {
      const caller = await authentication.account(request, "integrations:get");
      const integration = await ownIntegration(directory, caller, request.params.id);
      const line = deliveries.connections().find(({ connectionId }) => connectionId === lineKey(integration));
      const { failure, devices } = deliveries.integrationState(integration.id);
      const { code } = failure ?? {};
      return {
        state: integration.disabled ? "disabled" : code === "daily_cap_reached" ? "held_up" : (line?.state ?? "idle"),
        failure: failure === null ? null : failureJson(failure),
        warning: line?.warning ? failureJson(line.warning) : null,
        expected_until: isoTime(failure?.notBefore ?? null),
        next_probe_at: isoTime(line?.nextProbeAt ?? null),
        rate: line === undefined ? null : { per_second: line.rate.perSecond, limit: line.rate.limit },
        devices_waiting: devices.map(({ failure: why, count, deviceId }) => ({
          ...failureJson(why),
          devices: count,
          device_id: deviceId,
        })),
      };
    },
  );
}
