/** The one door for events: judge, match, append, and only after the flush say yes. All ways in end here. */
import type { DeviceEvent } from "../core/device-event.ts";
import type { PendingDelivery } from "../core/delivery.ts";
import type { EventFeed } from "../core/event-feed.ts";
import { newEventId } from "../core/ids.ts";
import type { Accept, EventLog } from "../core/ports.ts";
import { eventFault } from "./event-rules.ts";
import type { Matcher } from "./matcher.ts";

const DEFAULT_CONTENT_TYPE = "text/plain;charset=utf-8";

export interface AcceptOptions {
  readonly matcher: Matcher;
  readonly log: EventLog;
  /** Told of new deliveries once they are on disk. */
  readonly onAccepted: (deliveries: readonly PendingDelivery[]) => void;
  /** Told of every event once it is on disk. */
  readonly feed?: Pick<EventFeed, "publish">;
  /** Events that may wait for the disk at once. Beyond it publishers are told to come back: memory stays bounded. */
  readonly maxWaiting?: number;
  readonly now?: () => number;
}

export function createAccept(options: AcceptOptions): Accept {
  const { matcher, log, onAccepted, feed, maxWaiting = 20_000, now = Date.now } = options;
  let waiting = 0;
  async function append(event: DeviceEvent, matches: readonly string[]): Promise<readonly PendingDelivery[] | null> {
    waiting += 1;
    try {
      return await log.append(event, matches);
    } catch (error) {
      if (isUnavailable(error)) return null;
      throw error;
    } finally {
      waiting -= 1;
    }
  }

  return async ({ name, data, contentType, device, productId, publishedAt, accountId }) => {
    const fault = eventFault(name, data);
    if (fault !== null) return { kind: "fault", fault };
    if (waiting >= maxWaiting) {
      return { kind: "unavailable", message: "Too many events wait for the disk.", retryAfterSeconds: 1 };
    }
    const receivedAt = now();
    const event: DeviceEvent = {
      id: newEventId(receivedAt),
      name,
      data,
      contentType: contentType ?? DEFAULT_CONTENT_TYPE,
      deviceId: device?.id ?? null,
      productId: productId ?? device?.productId ?? null,
      firmwareVersion: device?.firmwareVersion ?? null,
      publishedAt: publishedAt ?? receivedAt,
      receivedAt,
    };
    const deliveries = await append(event, matcher.match(name, device));
    if (deliveries === null) {
      return { kind: "unavailable", message: "The store cannot take events now.", retryAfterSeconds: 5 };
    }
    if (deliveries.length > 0) onAccepted(deliveries);
    feed?.publish({
      event,
      ownerId: device === null ? (accountId ?? null) : device.ownerId,
      productId: device === null || device.approval === "approved" ? event.productId : null,
      coreid: device?.id ?? "api",
    });
    return { kind: "accepted", event, matches: deliveries.length };
  };
}

/** A store says by this code that nothing was stored and that trying again makes sense. Anything else is a defect. */
function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "store_unavailable";
}
