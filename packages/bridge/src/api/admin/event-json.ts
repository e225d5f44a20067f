/** Events as the admin API shows them, kept ones and those that are just happening alike. */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { FeedEvent } from "../../core/event-feed.ts";
import { isoTime } from "../particle/iso-time.ts";

export function eventJson(event: DeviceEvent, deviceName: string | null): Record<string, unknown> {
  return {
    id: event.id,
    name: event.name,
    data: event.data,
    content_type: event.contentType,
    device_id: event.deviceId,
    device_name: deviceName,
    product_id: event.productId,
    fw_version: event.firmwareVersion,
    published_at: isoTime(event.publishedAt),
    received_at: isoTime(event.receivedAt),
  };
}

/** As frames of an event stream. One event meets many who listen in a row: its bytes are made once. */
export function createEventFrames(): (event: FeedEvent) => Buffer {
  let last: FeedEvent | null = null;
  let bytes: Buffer = Buffer.alloc(0);
  return (event) => {
    if (event !== last) {
      last = event;
      bytes = frame(event);
    }
    return bytes;
  };
}

/** What the bridge itself tells of deliveries is told and not kept. */
function frame({ event, deviceName = null, coreid }: FeedEvent): Buffer {
  const json = { ...eventJson(event, deviceName), kept: coreid === (event.deviceId ?? "api") };
  return Buffer.from(`event: ${event.name}\ndata: ${JSON.stringify(json)}\n\n`);
}
