/** Tells how webhooks went: event streams hear all of it, a connected device the answers to its own events. Nothing is stored. */
import type { Device } from "../core/device.ts";
import type { DeviceLinks } from "../core/device-links.ts";
import type { EventFeed } from "../core/event-feed.ts";
import type { HookEvent } from "../core/hook-event.ts";
import { newEventId } from "../core/ids.ts";

/** Who speaks, in streams: the device cloud's own name for itself. */
const SPEAKER = "particle-internal";

export interface HookEventTellerOptions {
  readonly feed: EventFeed;
  readonly links: () => DeviceLinks;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function hookEventTeller({
  feed,
  links,
  now,
}: HookEventTellerOptions): (events: readonly HookEvent[], device: Device) => void {
  return (events, device) => {
    const { id: deviceId, name: deviceName, ownerId, productId, firmwareVersion } = device;
    const isLinked = links().link(deviceId) !== null;
    for (const { kind, name, data } of events) {
      const at = now();
      const id = newEventId(at);
      const times = { publishedAt: at, receivedAt: at };
      const event = { id, name, data, contentType: "text/plain", deviceId, productId, firmwareVersion, ...times };
      feed.publish({ event, ownerId, productId, coreid: SPEAKER, deviceName });
      // A device that does not listen misses it, as it would have missed an event.
      if (isLinked && kind !== "sent")
        void links().command(deviceId, `events/${topicName(name)}`, Buffer.from(data, "utf8"));
    }
  };
}

/** A topic that is published holds no wildcards [MQTT-3.3.2-2]; an event's name may. */
function topicName(name: string): string {
  return name.replaceAll(/[+#]/g, "_");
}
