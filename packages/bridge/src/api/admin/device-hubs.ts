/**
 * A device as its hubs see it: identity, keys, twin with its history, direct methods, messages to it. Always by a device that
 * the caller may see and a hub whose key the caller holds, so that nobody's other devices can be named.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Device } from "../../core/device.ts";
import { isThing } from "../../core/device.ts";
import type { Failure, Result } from "../../core/failure.ts";
import type { OpenDeviceHub } from "../../core/hub-devices.ts";
import type { HubDeviceWithKeys } from "../../core/twin-hub.ts";
import type { TwinAuthor, TwinSection } from "../../core/twin-history.ts";
import type { KnownIdentity } from "../../core/identities.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Requirement } from "../../core/permission.ts";
import { ApiError, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement, type AccountCaller, type Authentication } from "../authentication.ts";
import { optionalInteger, optionalText, type Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { hubRefusal, NEXT_OF_REQUEST, type NextSteps } from "../hub-refusal.ts";
import { Places } from "../limits/places.ts";
import { tenantOf, visibleDevice } from "../ownership.ts";
import { isoTime } from "../particle/iso-time.ts";
import { identityJson, keysJson, placeJson, twinChangeJson, twinJson } from "./device-hub-json.ts";
import { keyIn, messageIn, methodIn, statusIn, tokenIn, twinPatchIn } from "./device-hub-input.ts";
import { placesOf, type DevicePlace } from "./device-places.ts";
import { refusedThing } from "./thing-answers.ts";

interface OfDevice {
  Params: { device: string };
  Querystring: Fields;
}
interface InHub {
  Params: { device: string; connection: string };
  Querystring: Fields;
}

/** A device in one hub, asked for by somebody who may. */
interface AtDesk {
  readonly caller: AccountCaller;
  readonly device: Device;
  readonly place: DevicePlace;
  readonly hub: OpenDeviceHub;
  /** Its id there. */
  readonly id: string;
}

const tags = ["devices in hubs"];
const HISTORY = { usual: 50, most: 100 } as const;
/** Calls wait for devices, ten minutes at most. */
const CALLS = { total: 32, each: 8 } as const;
const MISSING =
  "Its first event makes it, where the integration makes identities; the doctor of the integration says what is in the way.";

export function registerDeviceHubs(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, hubDevices, things, now, log } = dependencies;
  const calls = new Places(CALLS);
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const path = "/admin/v1/devices/:device/hubs";
  const inHub = `${path}/:connection`;

  async function atDesk(request: FastifyRequest<InHub>, requirement: Requirement): Promise<AtDesk> {
    const caller = await authentication.account(request, requirement);
    const device = await visibleDevice(directory, caller, request.params.device);
    const asked = optionalText(request.query, "hub_device_id", 128);
    const place = (await placesOf(dependencies, caller, device)).find(
      ({ connectionId, hubDeviceId }) =>
        connectionId === request.params.connection && (asked === null || asked === hubDeviceId),
    );
    const hub = place === undefined ? null : await hubDevices.open(place.connectionId);
    if (place === undefined || hub === null) throw notFound("Hub of the device");
    return { caller, device, place, hub, id: place.hubDeviceId };
  }

  /** What the hub answered; its refusal, or that it has no such device, as an error. */
  function found<T>(answer: Result<T | null>): T {
    if (!answer.ok) throw hubRefused(answer.failure, now());
    if (answer.value === null) throw notInHub();
    return answer.value;
  }

  function keysShown(device: HubDeviceWithKeys): Record<string, unknown> {
    if (device.primaryKey === "") throw withoutKeys();
    return keysJson(device);
  }

  /** Keys are their holder's alone: of a Thing they are shown once, when they are made. */
  async function atKeys(request: FastifyRequest<InHub>): Promise<AtDesk> {
    const desk = await atDesk(request, "account");
    if (isThing(desk.device)) throw thingKeys();
    return desk;
  }

  /** What is remembered of the identity, whichever connection it was made through. */
  async function knownAt({ connectionIds, hubDeviceId }: DevicePlace): Promise<KnownIdentity | null> {
    const all = await Promise.all(connectionIds.map((connection) => hubDevices.known(connection, hubDeviceId)));
    return all.find((one) => one !== null) ?? null;
  }

  app.get<OfDevice>(path, route("Where a device has its identities, or would have"), async (request) => {
    const caller = await authentication.account(request, "devices:get");
    const device = await visibleDevice(directory, caller, request.params.device);
    const places = await placesOf(dependencies, caller, device);
    const known = await Promise.all(places.map((place) => knownAt(place)));
    return { hubs: places.map((place, at) => placeJson(place, known[at] ?? null)) };
  });

  app.get<InHub>(`${inHub}/identity`, route("A device's identity in a hub, without its keys"), async (request) => {
    const { hub, place, id } = await atDesk(request, "devices:get");
    return identityJson(found(await hub.identity(id)), await knownAt(place));
  });

  app.put<InHub>(`${inHub}/identity`, route("Enable or disable a device in a hub"), async (request) => {
    const desk = await atDesk(request, "devices:update");
    const { hub, place, id, device } = desk;
    const status = statusIn(request);
    if (isThing(device)) {
      const set = await things.setStatus(device.id, status);
      if (set.kind !== "set") throw refusedThing(set, now());
    } else found(await hub.updateDevice(id, { status }));
    for (const connection of place.connectionIds) hubDevices.changed(connection, id);
    return identityJson(found(await hub.identity(id)), await knownAt(place));
  });

  const revealing: object = { ...route("Show a device's keys in a hub"), config: { audited: true } };
  app.get<InHub>(`${inHub}/keys`, revealing, async (request) => {
    const { hub, id, device, place } = await atKeys(request);
    const shown = keysShown(found(await hub.keys(id)));
    log.info({ deviceId: device.id, connectionId: place.connectionId }, "device.keys_revealed");
    return shown;
  });

  app.post<InHub>(`${inHub}/keys`, route("Make a new key of a device in a hub, or swap its two"), async (request) => {
    const { hub, id } = await atKeys(request);
    const key = keyIn(request);
    return keysShown(found(await (key === "swap" ? hub.swapKeys(id) : hub.updateDevice(id, { newKey: key }))));
  });

  app.post<InHub>(
    `${inHub}/sas-tokens`,
    route("Make a token that stands for a device in a hub for a while"),
    async (request) => {
      const { hub, id } = await atKeys(request);
      const { key, minutes } = tokenIn(request);
      const expiry = Math.floor(now() / 1_000) + minutes * 60;
      return { token: found(await hub.deviceToken(id, key, expiry)), expires_at: isoTime(expiry * 1_000) };
    },
  );

  app.get<InHub>(`${inHub}/twin`, route("A device's twin in a hub"), async (request) => {
    const { hub, id } = await atDesk(request, "devices:get");
    return twinJson(found(await hub.wholeTwin(id)));
  });

  app.patch<InHub>(
    `${inHub}/twin`,
    route("Merge into the tags and desired properties of a device's twin"),
    async (request) => {
      const { hub, id, caller, device, place } = await atDesk(request, "devices:update");
      const { patch, etag } = twinPatchIn(request);
      const twin = found(await hub.patchTwin(id, patch, etag));
      if (twin === "changed") throw twinChanged();
      const by = await authorOf(caller);
      const note = (section: TwinSection, written: JsonObject | undefined, version: number | null): void => {
        if (written === undefined) return;
        const { connectionId, hubDeviceId } = place;
        const change = { deviceId: device.id, connectionId, hubDeviceId, at: now(), by };
        hubDevices.note({ ...change, section, patch: written, version });
      };
      note("tags", patch.tags, null);
      note("desired", patch.desired, twin.desired.version);
      return twinJson(twin);
    },
  );

  app.get<InHub>(`${inHub}/twin/history`, route("What became of a device's twin, newest first"), async (request) => {
    const { device, place } = await atDesk(request, "devices:get");
    const limit = optionalInteger(request.query, "limit", 1, HISTORY.most) ?? HISTORY.usual;
    const before = optionalInteger(request.query, "before", 1, Number.MAX_SAFE_INTEGER);
    const { hostName, hubDeviceId } = place;
    const changes = await hubDevices.history({ deviceId: device.id, hostName, hubDeviceId, before, limit });
    return { changes: changes.map(twinChangeJson), next: changes.length < limit ? null : (changes.at(-1)?.id ?? null) };
  });

  app.post<InHub>(`${inHub}/methods`, route("Call a direct method of a device"), async (request) => {
    const { hub, id, caller } = await atDesk(request, "devices.function:call");
    const call = methodIn(request);
    const leave = calls.take(tenantOf(caller));
    if (leave === null) throw refusal(429, "Too many methods wait for their devices at once");
    const begun = now();
    try {
      const { status, payload } = found(await hub.invokeMethod(id, call));
      return { status, payload, round_trip_ms: now() - begun };
    } finally {
      leave();
    }
  });

  app.post<InHub>(`${inHub}/messages`, route("Send a cloud-to-device message"), async (request, reply) => {
    const { hub, id } = await atDesk(request, "devices.function:call");
    const message = messageIn(request, now());
    const sent = await hub.sendToDevice(id, message);
    if (!sent.ok) throw messageRefused(sent.failure, now());
    const { messageId, expiresAt, ack } = message;
    return reply.status(201).send({ message_id: messageId, expires_at: isoTime(expiresAt), ack });
  });

  app.delete<InHub>(`${inHub}/messages`, route("Throw away the messages that wait for a device"), async (request) => {
    const { hub, id } = await atDesk(request, "devices:update");
    return { purged: found(await hub.purgeMessages(id)) };
  });

  async function authorOf(caller: AccountCaller): Promise<TwinAuthor> {
    if (caller.kind === "api_user") return { kind: "account", name: caller.apiUser.username };
    return { kind: "account", name: (await directory.account(caller.accountId))?.username ?? null };
  }
}

/** The hub, not the caller, said no. */
function hubRefused(failure: Failure, now: number, nextSteps: NextSteps = NEXT_OF_REQUEST): ApiError {
  const { status, code, message, next_step, headers } = hubRefusal(failure, now, nextSteps);
  return new ApiError(status, { ok: false, error: message, code, next_step }, headers);
}

function messageRefused(failure: Failure, now: number): ApiError {
  return failure.code === "identity_missing" ? notInHub() : hubRefused(failure, now, NEXT_OF_MESSAGE);
}

function notInHub(): ApiError {
  return new ApiError(404, {
    ok: false,
    error: "The hub has no identity for this device",
    code: "identity_missing",
    next_step: MISSING,
  });
}

const NEXT_OF_MESSAGE: NextSteps = {
  ...NEXT_OF_REQUEST,
  message_throttled: "The hub limits how fast messages go to devices: 100 a minute on the smallest. Try it again then.",
  message_too_large: "Make the body and the properties smaller: 64 KB together.",
  message_refused: "Look at the hub's reason, change the message and send it again.",
};

function twinChanged(): ApiError {
  return new ApiError(412, {
    ok: false,
    error: "The twin was changed by somebody else meanwhile; nothing was written",
    code: "twin_changed",
    next_step: "Read it again and send the change with the etag that it has then.",
  });
}

function thingKeys(): ApiError {
  return new ApiError(409, {
    ok: false,
    error: "The keys of a Thing are shown once, when they are made",
    code: "keys_shown_once",
    next_step: "Make a new one: POST /admin/v1/things/:id/keys. The former one is refused from then on.",
  });
}

function withoutKeys(): ApiError {
  return new ApiError(409, {
    ok: false,
    error: "The device signs in to the hub with a certificate: it has no keys",
    code: "no_keys",
    next_step: "Change how it signs in where it was made: Azure portal > IoT Hub > Devices.",
  });
}
