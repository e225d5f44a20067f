/** Events for people who look: as they happen, paged back, and one with what every integration did with it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { DeviceEvent } from "../../core/device-event.ts";
import { notFound } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { optionalInteger } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegrations } from "../ownership.ts";
import type { StreamDoor } from "../stream-door.ts";
import { createEventFrames, eventJson } from "./event-json.ts";
import { eventVerdict } from "./event-verdicts.ts";
import { askedEvents, maySeeEvent, type AskedEvents } from "./event-view.ts";

interface OfQuery {
  Querystring: Record<string, unknown>;
}
interface OfEvent {
  Params: { id: string };
}

const tags = ["admin"];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_ID_LENGTH = 64;

export function registerEventLook(
  app: FastifyInstance,
  { directory, recentEvents, feed }: ApiDependencies,
  authentication: Authentication,
  enter: StreamDoor,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const frameOf = createEventFrames();

  async function asked(request: FastifyRequest<OfQuery>): Promise<AskedEvents> {
    const caller = await authentication.account(request, "events:get");
    return askedEvents(request.query, caller, directory);
  }

  app.get<OfQuery>("/admin/v1/events", route("Events, newest first"), async (request) => {
    const { view, prefix, device } = await asked(request);
    const limit = optionalInteger(request.query, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    const before = optionalInteger(request.query, "before", 1, Number.MAX_SAFE_INTEGER);
    const { events, next } = await recentEvents.eventPage(view, {
      limit,
      prefix,
      ...(device !== null && { deviceId: device.id }),
      ...(before !== null && { before }),
    });
    const names = await deviceNames(events);
    return { events: events.map((event) => eventJson(event, names.get(event.deviceId ?? "") ?? null)), next };
  });

  app.get<OfQuery>(
    "/admin/v1/events/stream",
    { ...route("Events as they happen, of all that the caller has"), exposeHeadRoute: false },
    async (request, reply): Promise<void> => follow(request, reply, await asked(request)),
  );

  app.get<OfEvent>(
    "/admin/v1/events/:id",
    route("An event, and what each integration did with it"),
    async (request) => {
      await authentication.account(request, "events:get");
      const caller = await authentication.account(request, "integrations:list");
      const { id } = request.params;
      const trace = id.length > MAX_ID_LENGTH ? null : await recentEvents.eventTrace(id.toLowerCase());
      if (trace === null || !(await maySeeEvent(trace.event, caller, directory))) throw notFound("Event");
      const { event, deliveries } = trace;
      const device = event.deviceId === null ? null : await directory.device(event.deviceId);
      const byIntegration = new Map(deliveries.map(({ integrationId, record }) => [integrationId, record]));
      return {
        event: eventJson(event, device?.name ?? null),
        integrations: (await ownIntegrations(directory, caller)).map((integration) =>
          eventVerdict(integration, { event, device, delivery: byIntegration.get(integration.id) ?? null }),
        ),
      };
    },
  );

  function follow(request: FastifyRequest<OfQuery>, reply: FastifyReply, asks: AskedEvents): void {
    let view = asks.view;
    let watchAgain = (): void => undefined;
    enter(request, reply, {
      async review() {
        const now = (await asked(request)).view;
        const isSame = JSON.stringify(now) === JSON.stringify(view);
        view = now;
        // What was made or deleted meanwhile is heard from now on, or no more.
        if (!isSame) watchAgain();
      },
      listen(write) {
        const { prefix, device } = asks;
        const watch = (): (() => void) =>
          feed.watch({ ...view, prefix, deviceId: device?.id ?? null }, (event) => write(frameOf(event)));
        let leave = watch();
        watchAgain = () => {
          leave();
          leave = watch();
        };
        return () => {
          watchAgain = () => undefined;
          leave();
        };
      },
    });
  }

  async function deviceNames(events: readonly DeviceEvent[]): Promise<ReadonlyMap<string, string | null>> {
    const ids = [...new Set(events.flatMap(({ deviceId }) => deviceId ?? []))];
    const devices = await Promise.all(ids.map((id) => directory.device(id)));
    return new Map(devices.flatMap((device) => (device === null ? [] : [[device.id, device.name] as const])));
  }
}
