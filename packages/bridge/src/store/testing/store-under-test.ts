/** What a store must offer to run the conformance suites, whatever keeps its data. */
import type { AuditEntries } from "../../core/audit.ts";
import type { DeviceTraces } from "../../core/device-links.ts";
import type { DoctorReports } from "../../core/doctor.ts";
import type { Directory } from "../../core/directory.ts";
import type { HubMeters } from "../../core/hub-meter.ts";
import type { Identities } from "../../core/identities.ts";
import type { RecentEvents } from "../../core/recent-events.ts";
import type { TestIdentities } from "../../core/test-identities.ts";
import type { Sources } from "../../core/source.ts";
import type { AppKeys, ThingRecords } from "../../core/thing-store.ts";
import type { TwinHistory } from "../../core/twin-history.ts";
import type { DeviceStates, HubRemovals, ReadingPositions, StateSettingsStore } from "../../core/state-store.ts";
import type { SqliteDeliveries } from "../sqlite-deliveries.ts";
import type { SqliteHubIdentities } from "../sqlite-hub-identities.ts";
import type { SqliteIncidents } from "../sqlite-incidents.ts";

export interface Store
  extends
    Directory,
    SqliteDeliveries,
    SqliteIncidents,
    Identities,
    HubMeters,
    SqliteHubIdentities,
    DeviceTraces,
    DoctorReports,
    AppKeys,
    AuditEntries,
    ThingRecords,
    Sources,
    RecentEvents,
    DeviceStates,
    ReadingPositions,
    HubRemovals,
    StateSettingsStore,
    TestIdentities,
    TwinHistory {
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
