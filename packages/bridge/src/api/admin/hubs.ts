/** Hubs as the bridge sees them: connections, twins, and what arrived. */
import { isDeviceId } from "iot-hub-protocol";
import type { FastifyInstance } from "fastify";
import type { Failure } from "../../core/failure.ts";
import { isCloudDeviceId } from "../../core/device.ts";
import { hubDeviceId, prefixedDevice, type Integration } from "../../core/integration.ts";

import { ApiError, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { optionalInteger, optionalText } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { maySeeDevice, ownIntegration, tenantOf } from "../ownership.ts";
import { failureJson } from "../particle/integration-json.ts";
import { Monitors } from "./monitors.ts";

interface OfHub {
  Params: { hub: string };
  Querystring: Record<string, unknown>;
}
interface OfTwin {
  Params: { id: string; device: string };
}

const tags = ["admin"];

export function registerHubs(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, hubViews, now } = dependencies;
  const monitors = new Monitors(hubViews);
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  app.addHook("preClose", async () => monitors.stop());

  app.get<OfTwin>(
    "/admin/v1/integrations/:id/devices/:device/twin",
    route("A device's twin in the integration's hub"),
    async (request) => {
      const caller = await authentication.account(request, "devices:get");
      const integration = await ownIntegration(directory, caller, request.params.id);
      const { device } = request.params;
      const visible = seesAllOf(integration, caller) || (await maySeeDevice(directory, caller, prefixedDevice(device)));
      if (!isDeviceId(device) || !visible) throw notFound("Device");
      const inHub =
        integration.type === "AzureIotHub" && isCloudDeviceId(device) ? hubDeviceId(integration, device) : device;
      const twin = await hubViews.twin(integration.id, inHub);
      if (!twin.ok) throw hubError(twin.failure);
      if (twin.value === null) throw notFound("Device");
      return twin.value;
    },
  );

  app.get<OfHub>(
    "/admin/v1/hubs/:hub/monitor-events",
    route("Messages as they arrive in a hub, one JSON object a line"),
    async (request, reply) => {
      const { hub } = request.params;
      // Asked for each message: a token may end while its stream is open.
      const admit = async (): Promise<{ caller: AccountCaller; seesAll: boolean }> => {
        const caller = await authentication.account(request, "events:get");
        const seesAll = hub !== "local" && seesAllOf(await ownIntegration(directory, caller, hub), caller);
        return { caller, seesAll };
      };
      const { caller } = await admit();
      const device = optionalText(request.query, "device", 128);
      const since = optionalInteger(request.query, "since", 0, Number.MAX_SAFE_INTEGER) ?? now();
      const started = await monitors.start({
        hub,
        since,
        gone: (callback) => reply.raw.once("close", callback),
        tenant: tenantOf(caller),
        review: admit,
        wants: async (deviceId) => {
          if (device !== null && deviceId !== device && prefixedDevice(deviceId) !== device) return false;
          const { caller: viewer, seesAll } = await admit();
          return seesAll || maySeeDevice(directory, viewer, prefixedDevice(deviceId));
        },
      });
      if (started === "full") throw refusal(429, "Too many are watching at once");
      if (!started.ok) throw hubError(started.failure);
      return reply.header("content-type", "application/x-ndjson; charset=utf-8").send(started.lines);
    },
  );
}

/** The Local Hub is shared by all accounts; a hub whose key the account holds is its own. An API user holds no key. */
function seesAllOf(integration: Integration, caller: AccountCaller): boolean {
  const isLocal = integration.type === "AzureIotHub" && integration.hubName === "local";
  return !isLocal && caller.kind === "account";
}

/** The hub, not the caller, said no: 502 with the reason and the step that mends it. */
function hubError(failure: Failure): ApiError {
  const { code, message, next_step } = failureJson(failure);
  return new ApiError(502, { ok: false, error: message, code, next_step });
}
