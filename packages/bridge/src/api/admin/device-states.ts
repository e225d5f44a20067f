/** A device's state, of devices that publish here and of Things alike: read, written, compared with its hub. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Device } from "../../core/device.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Permission } from "../../core/permission.ts";
import type { StateWrite } from "../../core/state-control.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { fieldsOf, missing, optionalInteger } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, visibleDevice } from "../ownership.ts";
import { namedConflicts } from "./named-conflicts.ts";
import { conflictJson, noStateJson, stateJson } from "./state-json.ts";
import { stateRefused } from "./thing-answers.ts";

interface OfDevice {
  Params: { device: string };
  Querystring: Record<string, unknown>;
}
interface OfProduct {
  Params: { product: string };
  Querystring: Record<string, unknown>;
}

const tags = ["state"];
/** How long an answer waits for the hub where the caller does not say, and at most. Seconds. */
const WAIT = { usual: 2, longest: 30 } as const;
const CONFLICTS = { usual: 50, most: 500 } as const;

export function registerDeviceStates(
  app: FastifyInstance,
  { directory, states }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const path = "/admin/v1/devices/:device/state";

  async function deviceOf(request: FastifyRequest<OfDevice>, permission: Permission): Promise<Device> {
    const caller = await authentication.account(request, permission);
    return visibleDevice(directory, caller, request.params.device);
  }

  async function write(request: FastifyRequest<OfDevice>, kind: StateWrite["kind"]): Promise<Record<string, unknown>> {
    const device = await deviceOf(request, "devices:update");
    const state = stateIn(request);
    const wait = optionalInteger(request.query, "wait", 0, WAIT.longest) ?? WAIT.usual;
    const written = await states.write(
      device,
      kind === "merge" ? { kind, patch: state } : { kind, state },
      wait * 1_000,
    );
    if (written.kind === "fault") throw stateRefused(written.fault);
    return stateJson(written.state);
  }

  app.get<OfDevice>(path, route("A device's state"), async (request) => {
    const device = await deviceOf(request, "devices:get");
    const record = await states.state(device.id);
    return record === null ? noStateJson(device.id) : stateJson(record);
  });

  app.patch<OfDevice>(path, route("Merge into a device's state; null removes"), (request) => write(request, "merge"));

  app.put<OfDevice>(path, route("Replace a device's state"), (request) => write(request, "replace"));

  app.get<OfDevice>(`${path}/conflicts`, route("What both sides wrote at once, newest first"), async (request) => {
    const device = await deviceOf(request, "devices:get");
    return { conflicts: (await states.conflicts(device.id)).map(conflictJson) };
  });

  app.post<OfDevice>(`${path}/compare`, route("Compare with the hub now and repair both sides"), async (request) => {
    const device = await deviceOf(request, "devices:update");
    const record = await states.compare(device.id);
    return record === null ? noStateJson(device.id) : stateJson(record);
  });

  app.get<OfProduct>(
    "/admin/v1/products/:product/state-conflicts",
    route("Conflicts of a product's devices, newest first"),
    async (request) => {
      const caller = await authentication.account(request, "devices:list");
      const product = await ownProduct(directory, caller, request.params.product);
      const limit = optionalInteger(request.query, "limit", 1, CONFLICTS.most) ?? CONFLICTS.usual;
      const conflicts = await states.conflictsIn({ kind: "product", productId: product.id }, limit);
      return { conflicts: await namedConflicts(directory, conflicts) };
    },
  );
}

/** The body is `{ "state": { … } }`, so that what was read can be sent back as it is. */
function stateIn(request: FastifyRequest): JsonObject {
  const { state } = fieldsOf(request);
  if (state === undefined) missing("state");
  if (typeof state !== "object" || state === null || Array.isArray(state)) {
    throw badRequest("state must be a JSON object");
  }
  return state as JsonObject;
}
