/**
 * What became of a device's twin, as far as it was seen here: a hub keeps the present alone. Kept by `store/`, told by all who
 * write twins or see them change.
 */
import type { JsonObject } from "./json.ts";

export type TwinSection = "tags" | "desired" | "reported";

/**
 * `account`: a person or a program through the API. `bridge`: Isthmus itself; `name` says what for. `device`: it reported.
 * `hub`: somebody else wrote it in the hub.
 */
export interface TwinAuthor {
  readonly kind: "account" | "bridge" | "device" | "hub";
  readonly name: string | null;
}

/** As it is told by who wrote or saw it, who knows the hub by a connection to it. */
export interface TwinChange extends KeepableTwinChange {
  readonly connectionId: string;
}

interface KeepableTwinChange {
  readonly deviceId: string;
  readonly hubDeviceId: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly by: TwinAuthor;
  readonly section: TwinSection;
  /** A merge patch; `null` as a whole: too long to be kept. */
  readonly patch: JsonObject | null;
  /** Of the section afterwards; `null`: not told (tags have none). */
  readonly version: number | null;
}

/** Several connections may lead to the same twin: it is kept by the name of its hub. */
export interface TwinChangeInHub extends KeepableTwinChange {
  /** Full host name, or `local`. */
  readonly hostName: string;
}

export interface KeptTwinChange extends TwinChangeInHub {
  readonly id: number;
}

/** Takes it to be written soon, with others. Never throws, and nobody waits for it. */
export type NoteTwinChange = (change: TwinChange) => void;

export interface TwinHistory {
  /** A version that was told already, by whoever saw it first, is told once. Nothing is kept of devices that are gone. */
  saveTwinChanges(changes: readonly TwinChangeInHub[]): Promise<void>;
  /** Newest first. */
  twinChanges(query: {
    readonly deviceId: string;
    readonly hostName: string;
    readonly hubDeviceId: string;
    /** Only older ones than this. */
    readonly before: number | null;
    readonly limit: number;
  }): Promise<readonly KeptTwinChange[]>;
  /** Forgets those from before; returns how many, at most some hundreds at once. */
  forgetTwinChanges(before: number): Promise<number>;
}

/** Newest changes that are kept of a device, by section: what it reports all the time does not displace what people wrote. */
export const KEPT_TWIN_CHANGES: Readonly<Record<TwinSection, number>> = { tags: 20, desired: 40, reported: 40 };

/** For how long. */
export const TWIN_CHANGE_LIFE_MS: number = 30 * 24 * 60 * 60_000;
