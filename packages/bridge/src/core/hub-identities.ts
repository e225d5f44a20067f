/**
 * What a hub's registry holds compared with what the bridge needs of it: a scan, and a plan that brings both together. What
 * others made in the hub is counted and never touched.
 */
import type { Failure, Result } from "./failure.ts";
import type { IdentityOrigin } from "./identities.ts";
import type { HubDevice, TwinHub } from "./twin-hub.ts";

/**
 * Where an identity stands. `made`, `adopted`, `used`: of devices of ours; made here, found there, or from a time when that
 * was not noted. `adoptable`: of a device of ours, not used yet. `state`: of a device whose state the hub mirrors.
 * `missing`: a device has sent and the hub has none. `unmade`: a device has not sent yet. `orphaned`: made here, and nobody
 * needs it any more. `left`: found there or of old, and nobody needs it any more. `gone`: remembered, not needed, and not in
 * the hub. `conflicting`: deleted and made anew by somebody else. `foreign`: of others.
 */
export const IDENTITY_CLASSES = [
  "made",
  "adopted",
  "used",
  "adoptable",
  "state",
  "missing",
  "unmade",
  "orphaned",
  "left",
  "gone",
  "conflicting",
  "foreign",
] as const;
export type IdentityClass = (typeof IDENTITY_CLASSES)[number];

/**
 * What can be done. `create` makes those that are missing, `prepare` those of devices that have not sent yet; `adopt` takes
 * what is there; `forget` changes nothing in the hub; `delete` removes what was made here and nobody needs.
 */
export const IDENTITY_ACTIONS = ["create", "prepare", "adopt", "forget", "delete"] as const;
export type IdentityAction = (typeof IDENTITY_ACTIONS)[number];

/** One identity of a scan, or one that the hub lacks. */
export interface ScannedIdentity {
  readonly hubDeviceId: string;
  readonly class: IdentityClass;
  /** The device of ours that it is for; `null`: none. */
  readonly deviceId: string | null;
  /** `null`: not in the hub. */
  readonly status: "enabled" | "disabled" | null;
  /** By which the bridge knows it; `null`: it does not. */
  readonly generationId: string | null;
}

export type ScanState = "running" | "done" | "failed" | "cancelled";

export interface ScanReport {
  readonly id: string;
  readonly connectionId: string;
  readonly state: ScanState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Identities of the hub that were looked at. */
  readonly inHub: number;
  /** Devices here that were looked at. */
  readonly devices: number;
  readonly counts: Readonly<Record<IdentityClass, number>>;
  /** Of those of ours that are in the hub. */
  readonly disabled: number;
  /** Whether each identity's generation was compared; else only before it is deleted. */
  readonly generationsCompared: boolean;
  readonly failure: Failure | null;
  /** What can be done, by action; empty while the scan has not ended whole. */
  readonly plan: Readonly<Record<IdentityAction, number>>;
  /** How many may be deleted without naming the number. */
  readonly deletesUnasked: number;
}

export type LineResult = "done" | "skipped" | "failed";

/** What became of one identity of a plan. */
export interface PlanLine {
  readonly line: number;
  readonly action: IdentityAction;
  readonly hubDeviceId: string;
  readonly result: LineResult;
  readonly message: string | null;
}

/** `interrupted`: the server ended before the plan did. */
export type PlanState = "running" | "done" | "stopped" | "interrupted";

export interface PlanReport {
  readonly id: string;
  readonly connectionId: string;
  readonly state: PlanState;
  readonly planned: Readonly<Record<IdentityAction, number>>;
  readonly results: Readonly<Record<LineResult, number>>;
  /** Why it stopped. */
  readonly message: string | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

export interface ApplyAsked {
  readonly actions: readonly IdentityAction[];
  /** Of these only; `null`: of all. */
  readonly hubDeviceIds: readonly string[] | null;
  /** How many deletions whoever asks has seen and means. */
  readonly confirmedDeletes: number | null;
  /** On whose word. */
  readonly accountId: string;
}

export type ApplyAnswer =
  | { readonly kind: "started"; readonly plan: PlanReport }
  /** So many deletions need their number to be named. */
  | { readonly kind: "mass_deletion"; readonly count: number; readonly inHub: number }
  | { readonly kind: "not_whole" }
  /** Another plan is being applied to the hub. */
  | { readonly kind: "busy" }
  | { readonly kind: "nothing" }
  | { readonly kind: "unknown" };

/** Comparing hubs with what is needed of them, for the API. */
export interface HubIdentities {
  /** One at a time for each connection: whoever asks meanwhile is given the one that runs. `full`: too many run. */
  scan(connectionId: string): Promise<ScanReport | "full">;
  /** The newest ones that are kept, newest first. */
  scans(connectionId: string): readonly ScanReport[];
  report(connectionId: string, scanId: string): ScanReport | null;
  cancel(connectionId: string, scanId: string): boolean;
  /** Of one class, by id, after `after`. Foreign ones are not listed. */
  list(
    connectionId: string,
    scanId: string,
    query: { readonly class: IdentityClass; readonly after: number; readonly limit: number },
  ): readonly ScannedIdentity[] | null;
  apply(connectionId: string, scanId: string, asked: ApplyAsked): Promise<ApplyAnswer>;
  /** Newest first. */
  plans(connectionId: string): Promise<readonly PlanReport[]>;
  planLines(
    connectionId: string,
    planId: string,
    query: { readonly after: number; readonly limit: number },
  ): Promise<{ readonly plan: PlanReport; readonly lines: readonly PlanLine[] } | null>;
}

/** What can only be asked of a hub's registry. */
export interface IdentityRegistry {
  /** The first identities of the hub, 1,000 at most: fewer are all that there are. */
  firstDevices(): Promise<Result<readonly HubDevice[]>>;
  /** Deletes this very identity: one that somebody else made in its place meanwhile stays. */
  deleteGeneration(deviceId: string, generationId: string): Promise<Result<"deleted" | "absent" | "changed">>;
}

/** A hub, asked at its own pace. */
export interface IdentityHub extends IdentityRegistry {
  glance(page: string | null): ReturnType<TwinHub["glance"]>;
  device(deviceId: string): Promise<Result<HubDevice | null>>;
  createDevice(deviceId: string): Promise<Result<{ readonly generationId: string } | "exists">>;
  /** As what the device is known in its twin. */
  writeName(deviceId: string, name: string): Promise<Result<unknown>>;
}

/** A device as far as an identity needs it. */
export interface DeviceBrief {
  readonly id: string;
  readonly name: string | null;
  readonly ownerId: string | null;
  readonly productId: number | null;
  readonly approval: string;
}

/** What the store knows of an identity. */
export interface IdentityFacts {
  /** Made or taken over by one of these connections. */
  readonly known: {
    readonly connectionId: string;
    readonly generationId: string;
    readonly origin: IdentityOrigin | null;
  } | null;
  /** A state, a Thing, a deletion under way or a test has to do with it. */
  readonly isElsewhere: boolean;
  /** Devices that it may be for. */
  readonly devices: readonly DeviceBrief[];
}

/** What scans and plans need of the store. */
export interface IdentityScanStore {
  /** In the order of `asked`. At most 1,000 at once. */
  identityFacts(
    connectionIds: readonly string[],
    asked: readonly { readonly hubDeviceId: string; readonly deviceIds: readonly string[] }[],
  ): Promise<readonly IdentityFacts[]>;
  knownIdentities(
    connectionId: string,
    after: string,
    limit: number,
  ): Promise<
    readonly { readonly hubDeviceId: string; readonly generationId: string; readonly origin: IdentityOrigin | null }[]
  >;
  /** All devices in the order of their ids. */
  deviceBriefs(after: string, limit: number): Promise<readonly DeviceBrief[]>;
  /** Of each pair, whether the device has ever sent for the integration. */
  haveSent(
    pairs: readonly { readonly integrationId: string; readonly deviceId: string }[],
  ): Promise<readonly boolean[]>;
  forgetIdentity(connectionId: string, hubDeviceId: string): Promise<void>;
  startPlan(plan: PlanReport & { readonly accountId: string }): Promise<void>;
  /** Adds lines, and says how far it is. */
  continuePlan(plan: PlanReport, lines: readonly PlanLine[]): Promise<void>;
  plans(connectionId: string): Promise<readonly PlanReport[]>;
  planLines(planId: string, after: number, limit: number): Promise<readonly PlanLine[]>;
}
