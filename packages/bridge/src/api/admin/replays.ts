/** Replays: deliveries of a time window that are sent once more, beside the live ones. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ReplayWindow } from "../../core/delivery-history.ts";
import type { Permission } from "../../core/permission.ts";
import { ApiError, badRequest, notFound } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { fieldsOf, optionalText, type Fields } from "../bodies.ts";
import { replayJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { optionalTime } from "../times.ts";

interface OfIntegration {
  Params: { id: string; replay: string };
}

const tags = ["admin"];

export function registerReplays(
  app: FastifyInstance,
  { directory, deliveries }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const path = "/admin/v1/integrations/:id/replays";

  async function own(request: FastifyRequest<OfIntegration>, permission: Permission): Promise<string> {
    const caller = await authentication.account(request, permission);
    return (await ownIntegration(directory, caller, request.params.id)).id;
  }

  app.post<OfIntegration>(path, route("Send delivered events of a time window again"), async (request, reply) => {
    const id = await own(request, "integrations:update");
    const replay = await deliveries.startReplay(id, windowIn(fieldsOf(request)));
    if (replay === null) {
      throw new ApiError(409, {
        ok: false,
        error: "Another replay of this integration is running",
        code: "replay_running",
        next_step: "Wait until it is done, or cancel it.",
      });
    }
    return reply.code(202).send({ replay: replayJson(replay) });
  });

  app.get<OfIntegration>(path, route("Replays, newest first"), async (request) => {
    const id = await own(request, "integrations:get");
    return { replays: (await deliveries.replays(id)).map(replayJson) };
  });

  app.get<OfIntegration>(`${path}/:replay`, route("How far a replay is"), async (request) => {
    const id = await own(request, "integrations:get");
    const replay = (await deliveries.replays(id)).find((one) => one.id === request.params.replay);
    if (replay === undefined) throw notFound("Replay");
    return { replay: replayJson(replay) };
  });

  app.delete<OfIntegration>(`${path}/:replay`, route("Cancel a replay"), async (request, reply) => {
    const id = await own(request, "integrations:update");
    if (!(await deliveries.cancelReplay(id, request.params.replay))) throw notFound("Replay");
    return reply.code(204).send();
  });
}

function windowIn(fields: Fields): ReplayWindow {
  const [from, to] = [optionalTime(fields, "from"), optionalTime(fields, "to")];
  if (from === null || to === null) throw badRequest("from and to are required: the time window to send again");
  if (from >= to) throw badRequest("from must be before to");
  const deviceId = optionalText(fields, "device", 128)?.toLowerCase() ?? null;
  return { from, to, deviceId, event: optionalText(fields, "event", 64) };
}
