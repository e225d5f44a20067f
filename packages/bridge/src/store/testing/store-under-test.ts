/** What a store must offer to run the conformance suites, whatever keeps its data. */
import type { Ledger } from "../../core/delivery.ts";
import type { DeviceTraces } from "../../core/device-links.ts";
import type { Directory } from "../../core/directory.ts";
import type { Identities } from "../../core/identities.ts";
import type { Sources } from "../../core/source.ts";
import type { Deliveries, DeliveryQueue, EventLog } from "../../core/ports.ts";

export interface Store
  extends Directory, EventLog, DeliveryQueue, Identities, DeviceTraces, Sources, Pick<Deliveries, "today" | "list"> {
  ledger(integrationId: string): Promise<Ledger>;
  retryParked(integrationId: string, ids?: readonly number[]): Promise<{ count: number; deviceIds: readonly string[] }>;
  expirePending(integrationId: string): Promise<number>;
  prune(before: number, limit: number): Promise<{ removed: number; done: boolean }>;
  close(): Promise<void>;
}

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<Store>;
  /** Closes the store and removes its data. */
  dispose(): Promise<void>;
}

/** Makes a fresh, empty store. `now` is its clock, in Unix milliseconds. */
export type OpenStore = (options?: { now?: () => number }) => Promise<StoreUnderTest>;
