/** The feed within this process. Listeners are found by device, owner and product, so that an event meets only those it may concern. */
import type { EventFeed, FeedEvent, FeedFilter } from "../core/event-feed.ts";

type Listener = (event: FeedEvent) => void;
interface Subscription {
  readonly filter: FeedFilter;
  readonly listener: Listener;
}
type Shelf<K> = Map<K, Set<Subscription>>;

export function createEventFeed(): EventFeed {
  const byDevice: Shelf<string> = new Map();
  const byOwner: Shelf<string> = new Map();
  const byProduct: Shelf<number> = new Map();

  let listeners = 0;

  function shelve(subscription: Subscription): () => void {
    const { scope, deviceId } = subscription.filter;
    if (deviceId !== null) return place(byDevice, deviceId, subscription);
    if (scope.kind === "product") return place(byProduct, scope.productId, subscription);
    return place(byOwner, scope.accountId, subscription);
  }

  return {
    get listeners() {
      return listeners;
    },
    publish(event) {
      if (event.ownerId !== null) tell(byOwner.get(event.ownerId), event);
      if (event.productId !== null) tell(byProduct.get(event.productId), event);
      if (event.event.deviceId !== null) tell(byDevice.get(event.event.deviceId), event);
    },
    subscribe(filter, listener) {
      const subscription = { filter, listener };
      const leave = shelve(subscription);
      listeners += 1;
      let isListening = true;
      return () => {
        if (isListening) listeners -= 1;
        isListening = false;
        leave();
      };
    },
  };
}

function tell(subscriptions: ReadonlySet<Subscription> | undefined, event: FeedEvent): void {
  if (subscriptions === undefined) return;
  for (const { filter, listener } of subscriptions) if (wants(filter, event)) listener(event);
}

/** A device may change hands while somebody listens: the scope is asked for every event. */
function wants({ scope, prefix }: FeedFilter, { event, ownerId, productId }: FeedEvent): boolean {
  if (!event.name.startsWith(prefix)) return false;
  return scope.kind === "product" ? productId === scope.productId : ownerId === scope.accountId;
}

function place<K>(shelf: Shelf<K>, key: K, subscription: Subscription): () => void {
  const subscriptions = shelf.get(key) ?? new Set();
  shelf.set(key, subscriptions);
  subscriptions.add(subscription);
  return () => {
    subscriptions.delete(subscription);
    if (subscriptions.size === 0 && shelf.get(key) === subscriptions) shelf.delete(key);
  };
}
