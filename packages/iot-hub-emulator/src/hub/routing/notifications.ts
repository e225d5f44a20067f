/**
 * The hub's own events as message sources: identities created and deleted, twins changed, devices connected and
 * disconnected. They are made only while a route takes them.
 */
import { randomUUID } from "node:crypto";
import type { DeviceMessage } from "iot-hub-protocol";
import type { HubClock } from "../clock/clock.ts";
import type { Connections } from "../connections/connections.ts";
import { refOf } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { Registry, RegistryChange } from "../registry/registry.ts";
import { digitalTwinChanges } from "../twins/digital-twin-changes.ts";
import { formatSection, twinEtag } from "../twins/twin.ts";
import type { JsonObject, JsonValue, StoredTwin } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";
import { ConnectionStateEvents } from "./connection-state-events.ts";
import { MESSAGE_SOURCES } from "./message-source.ts";
import type { MessageSource } from "./message-source.ts";
import type { Routing } from "./routing.ts";

/** Something that happened in the hub, about one device or module. */
export interface HubNotification {
  readonly ref: IdentityRef;
  /** For example `createDeviceIdentity`. */
  readonly opType: string;
  /** For example `deviceLifecycleNotification`. */
  readonly schema: string;
  readonly body: JsonValue;
  /** Default JSON. */
  readonly contentType?: string;
  /** When it happened, unix milliseconds; default now. */
  readonly at?: number;
}

export interface NotificationsContext {
  readonly hubName: string;
  readonly clock: HubClock;
  readonly routing: Routing;
}

export class HubNotifications {
  readonly #context: NotificationsContext;
  readonly #underWay = new Set<Promise<void>>();

  constructor(context: NotificationsContext) {
    this.#context = context;
  }

  /** Follows what the rest of the hub tells. */
  follow(hub: { readonly registry: Registry; readonly twins: Twins; readonly connections: Connections }): void {
    const { routing, clock } = this.#context;
    hub.registry.onChange((change) => {
      if (change.kind !== "updated" && routing.wants("DeviceLifecycleEvents")) {
        this.announce("DeviceLifecycleEvents", lifecycleNotification(change));
      }
    });
    hub.twins.onChange(({ ref, operation, change, twin }) => {
      if (operation === "nameModel" || !routing.wants("TwinChangeEvents")) return;
      const body = operation === "updateTwin" ? change : wholeTwin(ref, twin);
      this.announce("TwinChangeEvents", { ref, opType: operation, schema: "twinChangeNotification", body });
    });
    hub.twins.onChange(({ ref, before, after }) => {
      if (ref.moduleId !== undefined || !routing.wants("DigitalTwinChangeEvents")) return;
      const body = digitalTwinChanges(before, after);
      if (body.length > 0) this.announce("DigitalTwinChangeEvents", { ref, ...DIGITAL_TWIN_CHANGE, body });
    });
    const states = new ConnectionStateEvents(clock, (notification) =>
      this.announce("DeviceConnectionStateEvents", notification),
    );
    hub.connections.onChange((ref, state) => {
      if (routing.wants("DeviceConnectionStateEvents")) states.note(ref, state);
    });
  }

  /** Routes an event. A stream that cannot be written loses it; nobody waits for it. */
  announce(source: MessageSource, notification: HubNotification): void {
    const { hubName, clock, routing } = this.#context;
    const now = clock.now();
    const stamps = {
      partitionKey: notification.ref.deviceId,
      ...notification.ref,
      hubEnqueuedTime: now,
      source: MESSAGE_SOURCES[source],
    };
    const delivery = routing
      .deliver(source, [messageOf(notification, hubName, notification.at ?? now)], stamps)
      .catch(() => undefined) // see above: lost
      .finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
  }

  /** Resolves when all that was announced is written. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}

/** The names are ours: the service's documents show neither operation nor schema of these. */
const DIGITAL_TWIN_CHANGE = {
  opType: "updateDigitalTwin",
  schema: "digitalTwinChangeNotification",
  contentType: "application/json-patch+json",
} as const;

function messageOf(
  { ref, opType, schema, body, contentType = "application/json" }: HubNotification,
  hubName: string,
  at: number,
): DeviceMessage {
  return {
    body: Buffer.from(JSON.stringify(body)),
    contentType,
    contentEncoding: "utf-8",
    correlationId: randomUUID(),
    userId: hubName,
    messageSchema: schema,
    properties: new Map([
      ["hubName", hubName],
      ["deviceId", ref.deviceId],
      ...(ref.moduleId === undefined ? [] : [["moduleId", ref.moduleId] as const]),
      ["opType", opType],
      ["operationTimestamp", new Date(at).toISOString()],
    ]),
  };
}

function lifecycleNotification({ kind, identity, twin }: RegistryChange): HubNotification {
  const ref = refOf(identity);
  const what = ref.moduleId === undefined ? "Device" : "Module";
  return {
    ref,
    opType: `${kind === "created" ? "create" : "delete"}${what}Identity`,
    schema: `${what.toLowerCase()}LifecycleNotification`,
    body: twinBody(ref, twin),
  };
}

function twinBody(ref: IdentityRef, twin: StoredTwin): JsonObject {
  return {
    ...ref,
    etag: twinEtag(twin),
    version: twin.version,
    ...(Object.keys(twin.tags).length === 0 ? {} : { tags: twin.tags }),
    properties: { desired: formatSection(twin.desired), reported: formatSection(twin.reported) },
  };
}

function wholeTwin(ref: IdentityRef, { etag = "", version = 0, tags = {}, properties = {} }: JsonObject): JsonObject {
  return { ...ref, etag, version, tags, properties };
}
