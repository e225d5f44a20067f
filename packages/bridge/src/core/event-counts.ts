/** How many events were accepted since the start, by whom they belong to. A number per product and account in memory, no more. */

import type { EventFeed } from "./event-feed.ts";

/** A product's events are the product's; all others their account's. */
export interface EventOwner {
  readonly ownerId: string | null;
  readonly productId: number | null;
}

export interface EventCounts {
  count(owner: EventOwner): void;
  /** `key` is `account/` or `product/` and an id. */
  accepted(key: string): number;
}

/** Far more than there are products and accounts; what comes beyond is not counted. */
const MAX_KEYS = 100_000;

export function createEventCounts(): EventCounts {
  const ofProducts = new Map<number, number>();
  const ofAccounts = new Map<string, number>();
  return {
    count({ ownerId, productId }) {
      if (productId !== null) add(ofProducts, productId);
      else if (ownerId !== null) add(ofAccounts, ownerId);
    },
    accepted(key) {
      const [kind, id = ""] = key.split("/", 2);
      return (kind === "product" ? ofProducts.get(Number(id)) : ofAccounts.get(id)) ?? 0;
    },
  };
}

/** Counts what is told to the feed. */
export function counted(feed: Pick<EventFeed, "publish">, counts: EventCounts): Pick<EventFeed, "publish"> {
  return {
    publish(event) {
      counts.count({ ownerId: event.ownerId, productId: event.event.productId });
      feed.publish(event);
    },
  };
}

function add<K>(counts: Map<K, number>, key: K): void {
  const known = counts.get(key);
  if (known !== undefined || counts.size < MAX_KEYS) counts.set(key, (known ?? 0) + 1);
}
