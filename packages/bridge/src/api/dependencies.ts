import type { Logger } from "pino";
import type { AuditLog } from "../core/audit.ts";
import type { DeviceLinks } from "../core/device-links.ts";
import type { Diagnose, DiagnoseDraft, DoctorReports } from "../core/doctor.ts";
import type { Directory, EntraSettings } from "../core/directory.ts";
import type { EventCounts } from "../core/event-counts.ts";
import type { EventFeed } from "../core/event-feed.ts";
import type { DeviceRate } from "../core/rate-limit.ts";
import type { TestIntegration } from "../core/integration-test.ts";
import type { RecentEvents } from "../core/recent-events.ts";
import type { SourceControl, Sources } from "../core/source.ts";
import type { Backup } from "../core/backup.ts";
import type { Accept } from "../core/accept.ts";
import type { Deliveries } from "../core/deliveries.ts";
import type { Health } from "../core/health.ts";
import type { HubDevices } from "../core/hub-devices.ts";
import type { HubHost } from "../core/hub-host.ts";
import type { HubViews } from "../core/hub-views.ts";
import type { LocalHubControl } from "../core/local-hub-control.ts";
import type { SignInLinks } from "../core/sign-in-links.ts";
import type { StateControl, ThingControl } from "../core/state-control.ts";
import type { DeviceStates, StateSettingsStore } from "../core/state-store.ts";
import type { AppKeys, ThingRecords } from "../core/thing-store.ts";
import type { ConsoleFiles } from "./console.ts";
import type { HubDependencies } from "./hub-dependencies.ts";

/** Turns what a user wrote as `hub_name` into a host: bare name, full host name or `local`. */
export type HubHostRule = (hubName: string) => HubHost;

/** Why an Entra credential must not be used for a host, in a sentence; `null` when it may. */
export type EntraRule = (credential: EntraSettings, hostName: string) => string | null;

/** What one address, one device and one sign-in may ask for; `null`: as much as they like. */
export interface ApiLimits {
  /** Requests in five minutes, publishing apart. */
  readonly address: number | null;
  /** Sign-ins in five minutes. */
  readonly signIns: number | null;
  /** Event streams: open at once, and opened in five minutes. */
  readonly streams: number | null;
  readonly device: DeviceRate;
  /** Whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Milliseconds since some moment; only grows. */
  readonly elapsed: () => number;
}

/** What the faces need of device states, Things and apps. */
export interface ThingDependencies {
  readonly states: StateControl;
  readonly things: ThingControl;
  readonly thingRecords: Pick<ThingRecords, "thing" | "things" | "searchThings" | "countThings">;
  /** Of a page of devices at once. */
  readonly deviceStates: DeviceStates["deviceStates"];
  readonly appKeys: AppKeys;
  readonly stateSettings: StateSettingsStore;
  /** As `hubHostRule`, for the hub of a scope's states. */
  readonly stateHubRule: HubHostRule;
}

/** All that the HTTP faces need; `bridge.ts` joins them. */
export interface ApiDependencies extends ThingDependencies, HubDependencies {
  readonly directory: Directory;
  readonly accept: Accept;
  /** What is accepted, as it happens. */
  readonly feed: EventFeed;
  /** How many events were accepted since the start, and whose they are. */
  readonly eventCounts: Pick<EventCounts, "accepted">;
  readonly deliveries: Deliveries;
  readonly recentEvents: RecentEvents;
  readonly testIntegration: TestIntegration;
  readonly diagnose: Diagnose;
  readonly doctorReports: DoctorReports;
  readonly diagnoseDraft: DiagnoseDraft;
  readonly hubViews: HubViews;
  readonly hubDevices: HubDevices;
  /** Who is connected, and asking them. */
  readonly deviceLinks: DeviceLinks;
  /** Awaited after an integration was made, edited or deleted, so that the answer means: it works like that from now on. */
  readonly onIntegrationChanged: (integrationId: string) => Promise<void>;
  /** Of this release. */
  readonly version: string;
  /** Who changed what. */
  readonly audit: AuditLog;
  readonly limits: ApiLimits;
  readonly sourceStore: Sources;
  /** Where events of other device clouds come from, at work. */
  readonly sources: SourceControl;
  readonly hubHostRule: HubHostRule;
  readonly entraRule: EntraRule;
  /** Resolves with how many rows were sealed anew; rejects with `secret_key_not_ours` where the key is kept outside. */
  readonly rotateSecrets: () => Promise<number>;
  readonly backUp: () => Promise<Backup>;
  readonly signInLinks: SignInLinks;
  /** `null`: there is none. */
  readonly localHub: LocalHubControl | null;
  /** The built web console; `null`: there is none. */
  readonly consoleFiles: ConsoleFiles | null;
  readonly health: () => Health;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
}
