/** The feed within this process. Listeners are found by device, owner and product, so that an event meets only those it may concern. */
import type { EventFeed, FeedEvent, FeedFilter, FeedView } from "../core/event-feed.ts";

type Listener = (event: FeedEvent) => void;
interface Subscription {
  readonly filter: FeedFilter;
  readonly listener: Listener;
}
interface Watching {
  readonly view: FeedView;
  readonly listener: Listener;
}
type Shelf<K, S> = Map<K, Set<S>>;

export function createEventFeed(): EventFeed {
  const byDevice: Shelf<string, Subscription> = new Map();
  const byOwner: Shelf<string, Subscription> = new Map();
  const byProduct: Shelf<number, Subscription> = new Map();

  const watchersByOwner: Shelf<string, Watching> = new Map();
  const watchersByProduct: Shelf<number, Watching> = new Map();

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
      const { productId } = event.event;
      if (event.ownerId !== null) show(watchersByOwner.get(event.ownerId), event);
      if (productId !== null) show(watchersByProduct.get(productId), event, event.ownerId);
    },
    subscribe(filter, listener) {
      return counted([shelve({ filter, listener })]);
    },
    watch(view, listener) {
      const watching = { view, listener };
      const { accountId, productIds } = view;
      const places = productIds.map((id) => place(watchersByProduct, id, watching));
      if (accountId !== null) places.push(place(watchersByOwner, accountId, watching));
      return counted(places);
    },
  };

  function counted(places: readonly (() => void)[]): () => void {
    listeners += 1;
    let isListening = true;
    return () => {
      if (!isListening) return;
      isListening = false;
      listeners -= 1;
      for (const leave of places) leave();
    };
  }
}

/** Whom the owner's shelf has told already is not told again by the product's. */
function show(watchers: ReadonlySet<Watching> | undefined, event: FeedEvent, toldOwner: string | null = null): void {
  if (watchers === undefined) return;
  const { name, deviceId } = event.event;
  for (const { view, listener } of watchers) {
    if (toldOwner !== null && view.accountId === toldOwner) continue;
    if (view.deviceId !== null && view.deviceId !== deviceId) continue;
    if (name.startsWith(view.prefix)) listener(event);
  }
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

function place<K, S>(shelf: Shelf<K, S>, key: K, subscription: S): () => void {
  const subscriptions = shelf.get(key) ?? new Set();
  shelf.set(key, subscriptions);
  subscriptions.add(subscription);
  return () => {
    subscriptions.delete(subscription);
    if (subscriptions.size === 0 && shelf.get(key) === subscriptions) shelf.delete(key);
  };
}
