/** The ports by which faces (HTTP, MQTT) read and write device states and Things. Implemented by `state/`. */
import type { DeviceState, StateConflict, StateSource } from "./device-state.ts";
import type { Device } from "./device.ts";
import type { Failure } from "./failure.ts";
import type { KeyName } from "./hub-client.ts";
import type { Scope } from "./integration.ts";
import type { JsonObject } from "./json.ts";
import type { Product } from "./product.ts";
import type { DeviceDetails, NewThing, ThingChange, ThingWithState } from "./thing.ts";

/** A state that no twin can hold (keys, depth, sizes, integers). Nothing was stored. */
export interface StateFault {
  /** Keys joined by dots; empty: the whole. */
  readonly path: string;
  /** A sentence that begins with the path. */
  readonly message: string;
}

/**
 * `merge`: a JSON merge patch, `null` removes. `replace`: takes the place of all that was written from this side; what the
 * device said stays unless it is named. `seen`: what the device had said when the writer read the state, so that its old
 * word is not taken for a wish.
 */
export type StateWrite =
  | { readonly kind: "replace"; readonly state: JsonObject; readonly seen?: JsonObject }
  | { readonly kind: "merge"; readonly patch: JsonObject };

export type StateWritten =
  /** On disk. Whether the hub has it, the state's `pendingSince` and `trouble` say. */
  { readonly kind: "written"; readonly state: DeviceState } | { readonly kind: "fault"; readonly fault: StateFault };

/** What a device shall be like, for the device: the desired properties with what waits to be written there. */
export interface DesiredView {
  readonly deviceId: string;
  readonly properties: JsonObject;
  /** Grows with each change. */
  readonly revision: number;
}

export interface StateControl {
  /** `null`: the device has none yet. */
  state(deviceId: string): Promise<DeviceState | null>;
  /** From the API. Makes the state where there is none. Waits for the hub for at most `waitMs`. */
  write(device: Device, write: StateWrite, waitMs: number): Promise<StateWritten>;
  /** Whether a twin could hold it as the whole state: `null` when one could. So that many writes are refused before the first. */
  fault(state: JsonObject): StateFault | null;
  /** From a device that is connected to the bridge: a merge patch of what it is like. */
  report(device: Device, patch: JsonObject): Promise<StateWritten>;
  /** `null`: nothing was ever wished of it. */
  desired(deviceId: string): Promise<DesiredView | null>;
  /** Calls back after each change of what is desired of a device that is connected to the bridge. */
  onDesired(listener: (view: DesiredView) => void): void;
  /** Compares with the hub now and repairs both sides. */
  compare(deviceId: string): Promise<DeviceState | null>;
  conflicts(deviceId: string): Promise<readonly StateConflict[]>;
  conflictsIn(scope: Scope, limit: number): Promise<readonly StateConflict[]>;
  /** One for each hub that mirrors states. */
  hubs(): Promise<readonly StateHubReport[]>;
  /** Awaited after settings were written, so that the answer means: it works like that from now on. */
  settingsChanged(scope: Scope): Promise<void>;
}

/** Since the process started. */
export interface StateCounts {
  /** Writes that hubs took: into either section of a twin, and messages to devices. */
  readonly pushed: Readonly<Record<"desired" | "reported" | "message", number>>;
  /** Values that changed, by who wrote them. */
  readonly changed: Readonly<Record<StateSource, number>>;
  /** By whose value was kept. */
  readonly conflicts: Readonly<Record<"ours" | "theirs", number>>;
}

/** How the mirroring of one hub goes. Times in unix milliseconds. */
export interface StateHubReport {
  readonly connectionId: string;
  readonly hostName: string;
  readonly devices: number;
  readonly pending: number;
  readonly missing: number;
  readonly oldestPending: number | null;
  /** Deletions that the hub has not taken yet. */
  readonly removals: number;
  /** Why nothing is written to it now; `null`: it is. */
  readonly writing: { readonly failure: Failure | null };
  readonly reading: {
    readonly consumerGroup: string;
    readonly isReading: boolean;
    readonly failure: Failure | null;
    readonly lastEventAt: number | null;
    /** Messages that the hub has and that were not read yet; `null`: nobody knows. */
    readonly behind: number | null;
    /** Messages that were too old for the hub before they were read, since the start. */
    readonly expired: number;
  };
  readonly sweep: {
    readonly lastAt: number | null;
    readonly lastMs: number | null;
    readonly repaired: number;
    readonly failure: Failure | null;
  };
}

/** Why no hub mirrors states where one was asked for. */
export interface NoHub {
  readonly message: string;
  readonly nextStep: string;
}

/** `hub`: it said no, or nothing. Nothing is stored then. */
export type ThingMade =
  | { readonly kind: "made"; readonly made: ThingWithState; readonly details: DeviceDetails }
  | { readonly kind: "fault"; readonly fault: StateFault }
  | { readonly kind: "id_taken" }
  | ({ readonly kind: "no_hub" } & NoHub)
  | { readonly kind: "hub"; readonly failure: Failure };

export type ThingUpdated =
  | { readonly kind: "updated"; readonly updated: ThingWithState }
  | { readonly kind: "fault"; readonly fault: StateFault }
  | { readonly kind: "version"; readonly stored: number }
  | { readonly kind: "unknown" };

export type KeysShown =
  | { readonly kind: "shown"; readonly details: DeviceDetails }
  | { readonly kind: "unknown" }
  | { readonly kind: "hub"; readonly failure: Failure };

export interface ThingControl {
  /** For a client that wants to know a Thing's id before it makes it; no two are the same. */
  newId(): string;
  /** The device exists in the hub when this resolves with `made`. */
  create(product: Product, input: NewThing): Promise<ThingMade>;
  /** Waits for the hub for at most `waitMs`; what it has not taken by then waits on. */
  update(id: string, change: ThingChange, waitMs: number): Promise<ThingUpdated>;
  /** Gone here when it resolves; gone in the hub then or as soon as the hub takes it. False: there was none. */
  delete(id: string): Promise<boolean>;
  /** Makes a new key in the hub; the former one is refused from then on. */
  renewKey(id: string, key: KeyName): Promise<KeysShown>;
  setStatus(
    id: string,
    status: "enabled" | "disabled",
  ): Promise<{ readonly kind: "set"; readonly state: DeviceState } | Exclude<KeysShown, { kind: "shown" }>>;
}
