/** An event as a frame of an event stream (`text/event-stream`): its name, and one line of JSON. */
import type { FeedEvent } from "../../core/event-feed.ts";
import { isoTime } from "./iso-time.ts";

/** A product's stream says more of each event than an account's. */
export type FrameForm = "account" | "product";

/** Nothing expires here; clients that read `ttl` expect the number that devices send when they say nothing. */
const TTL_SECONDS = 60;

/** Makes frames. One event meets many listeners in a row: its bytes are made once for each form. */
export function createFrames(): (event: FeedEvent, form: FrameForm) => Buffer {
  let last: FeedEvent | null = null;
  let made: Partial<Record<FrameForm, Buffer>> = {};
  return (event, form) => {
    if (event !== last) {
      last = event;
      made = {};
    }
    return (made[form] ??= frame(event, form));
  };
}

/** Names are printable ASCII and JSON has no line breaks of its own, so nothing can end a line early. */
function frame({ event, coreid, ownerId }: FeedEvent, form: FrameForm): Buffer {
  const basic = { data: event.data, ttl: TTL_SECONDS, published_at: isoTime(event.publishedAt), coreid };
  const fleet = { userid: ownerId ?? "", version: event.firmwareVersion, public: false, productID: event.productId };
  const json = JSON.stringify(form === "product" ? { ...basic, ...fleet } : basic);
  return Buffer.from(`event: ${event.name}\ndata: ${json}\n\n`);
}
