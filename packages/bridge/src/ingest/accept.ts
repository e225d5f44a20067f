/** The one door for events: judge, match, append, and only after the flush say yes. All ways in end here. */
import type { DeviceEvent } from "../core/device-event.ts";
import type { PendingDelivery } from "../core/delivery.ts";
import type { EventFeed } from "../core/event-feed.ts";
import { derivedEventId, newEventId } from "../core/ids.ts";
import type { Accept } from "../core/accept.ts";
import type { EventLog } from "../core/delivery-queue.ts";
import { eventFault } from "./event-rules.ts";
import type { Matcher } from "./matcher.ts";
import { repeatPrints } from "./repeat-prints.ts";

const DEFAULT_CONTENT_TYPE = "text/plain;charset=utf-8";

export interface AcceptOptions {
  readonly matcher: Pick<Matcher, "match">;
  readonly log: EventLog;
  /** Told of new deliveries once they are on disk. */
  readonly onAccepted: (deliveries: readonly PendingDelivery[]) => void;
  /** Told of every event once it is on disk. */
  readonly feed?: Pick<EventFeed, "publish">;
  /** Events that may wait for the disk at once. Beyond it publishers are told to come back: memory stays bounded. */
  readonly maxWaiting?: number;
  /** The first of these integrations whose backlog is too long to take more; `null` when all take it. */
  readonly full?: (integrationIds: readonly string[]) => string | null;
  readonly now?: () => number;
}

/** A hub that is down for long is not back in a moment. */
const FULL_RETRY_SECONDS = 60;

export function createAccept(options: AcceptOptions): Accept {
  const { matcher, log, onAccepted, feed, maxWaiting = 20_000, full = () => null, now = Date.now } = options;
  let waiting = 0;

  /** `null`: the store cannot take events now. */
  async function append(
    event: DeviceEvent,
    matches: readonly string[],
    prints: readonly string[],
  ): Promise<Awaited<ReturnType<EventLog["appendOnce"]>> | null> {
    waiting += 1;
    try {
      if (prints.length > 0) return await log.appendOnce(event, matches, prints);
      return { deliveries: await log.append(event, matches) };
    } catch (error) {
      if (isUnavailable(error)) return null;
      throw error;
    } finally {
      waiting -= 1;
    }
  }

  return async (incoming) => {
    const { name, data, contentType, device, productId, publishedAt, firmwareVersion, fromDeviceCloud, accountId } =
      incoming;
    const fault = eventFault(name, data, fromDeviceCloud);
    if (fault !== null) return { kind: "fault", fault };
    if (waiting >= maxWaiting) {
      return { kind: "unavailable", message: "Too many events wait for the disk.", retryAfterSeconds: 1 };
    }
    const matches = matcher.match(name, device);
    const fullId = full(matches);
    if (fullId !== null) return tooMany(fullId);
    const receivedAt = now();
    const prints = repeatPrints(incoming);
    const [firstPrint] = prints;
    const event: DeviceEvent = {
      // Under its publisher's name an event keeps its id even when it comes again after that name is forgotten.
      id: firstPrint === undefined ? newEventId(receivedAt) : derivedEventId(publishedAt ?? receivedAt, firstPrint),
      name,
      data,
      contentType: contentType ?? DEFAULT_CONTENT_TYPE,
      deviceId: device?.id ?? null,
      ...(device === null && accountId !== undefined && { accountId }),
      productId: productId ?? device?.productId ?? null,
      firmwareVersion: firmwareVersion ?? device?.firmwareVersion ?? null,
      publishedAt: publishedAt ?? receivedAt,
      receivedAt,
    };
    const result = await append(event, matches, prints);
    if (result === null) {
      return { kind: "unavailable", message: "The store cannot take events now.", retryAfterSeconds: 5 };
    }
    if ("firstId" in result) {
      return { kind: "accepted", event: { ...event, id: result.firstId }, matches: 0, repeated: true };
    }
    const { deliveries } = result;
    if (deliveries.length > 0) onAccepted(deliveries);
    feed?.publish({
      event,
      ownerId: device === null ? (accountId ?? null) : device.ownerId,
      productId: device === null || device.approval === "approved" ? event.productId : null,
      coreid: device?.id ?? "api",
      deviceName: device?.name ?? null,
    });
    return { kind: "accepted", event, matches: deliveries.length };
  };
}

function tooMany(integrationId: string): Awaited<ReturnType<Accept>> {
  const message = `Too many events wait for integration ${integrationId}: its target takes none.`;
  return { kind: "unavailable", message, retryAfterSeconds: FULL_RETRY_SECONDS };
}

/** A store says by this code that nothing was stored and that trying again makes sense. Anything else is a defect. */
function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "store_unavailable";
}
