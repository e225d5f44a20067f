/** Events as they happen, for those who listen now: nothing is kept, and nobody is waited for. */
import type { DeviceEvent } from "./device-event.ts";
import type { Scope } from "./integration.ts";

export interface FeedEvent {
  readonly event: DeviceEvent;
  /** Account in whose stream it appears; `null` in none. */
  readonly ownerId: string | null;
  /** Product in whose stream it appears; `null` in none, as while its device is not approved. */
  readonly productId: number | null;
  /** Who speaks: a device's id, `api`, or `particle-internal`. */
  readonly coreid: string;
  /** What its device is called now. */
  readonly deviceName?: string | null;
}

export interface FeedFilter {
  readonly scope: Scope;
  /** One device of the scope instead of all. */
  readonly deviceId: string | null;
  /** Case-sensitive beginning of the event names; the empty text is all of them. */
  readonly prefix: string;
}

/** All that a caller may see at once: an account's own and its products', each event once. */
export interface FeedView {
  /** `null`: a caller without a sandbox. */
  readonly accountId: string | null;
  readonly productIds: readonly number[];
  readonly deviceId: string | null;
  readonly prefix: string;
}

export interface EventFeed {
  /** Hands the event to all who want it before it returns. */
  publish(event: FeedEvent): void;
  /** Returns how to stop listening. A listener must not throw, and must not wait. */
  subscribe(filter: FeedFilter, listener: (event: FeedEvent) => void): () => void;
  /** As `subscribe`, for several scopes; events of devices that wait for approval are shown too. */
  watch(view: FeedView, listener: (event: FeedEvent) => void): () => void;
  /** How many listen now. */
  readonly listeners: number;
}
