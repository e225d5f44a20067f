/** How an integration stands just now: whether it sends, what holds it up, which devices wait and for what. */
import type { FastifyInstance } from "fastify";
import { lineKey } from "../../core/delivery-target.ts";
import type { ConnectionState, IntegrationState } from "../../core/connection-state.ts";
import type { Failure } from "../../core/failure.ts";
import type { Integration } from "../../core/integration.ts";
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
      return standingJson(integration, deliveries.integrationState(integration.id), line);
    },
  );
}

/** The whole of it, as one integration's route and the list of all answer it. */
export function standingJson(
  integration: Integration,
  { failure, devices }: IntegrationState,
  line: ConnectionState | undefined,
): Record<string, unknown> {
  return {
    state: stateWord(integration, failure, line),
    failure: failure === null ? null : failureJson(failure),
    warning: line?.warning ? failureJson(line.warning) : null,
    since: isoTime(line?.since ?? null),
    expected_until: isoTime(failure?.notBefore ?? null),
    next_probe_at: isoTime(line?.nextProbeAt ?? null),
    rate: line === undefined ? null : { per_second: line.rate.perSecond, limit: line.rate.limit },
    devices_waiting: devices.map(({ failure: why, count, deviceId }) => ({
      ...failureJson(why),
      devices: count,
      device_id: deviceId,
    })),
  };
}

export type StateWord = "disabled" | "held_up" | ConnectionState["state"];

/** In a word: whether it sends. `idle`: it has had nothing to send. */
export function stateWord(
  { disabled }: Pick<Integration, "disabled">,
  failure: Failure | null,
  line: Pick<ConnectionState, "state"> | undefined,
): StateWord {
  if (disabled) return "disabled";
  return failure?.code === "daily_cap_reached" ? "held_up" : (line?.state ?? "idle");
}
