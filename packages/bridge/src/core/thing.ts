/** Para's face of a device that reaches the hub by itself and whose state is mirrored. */
import type { DeviceState } from "./device-state.ts";
import type { JsonObject } from "./json.ts";

/** What a Thing has as its client set it. */
interface ThingFields {
  readonly creatorId: string | null;
  readonly parentId: string | null;
  readonly tags: readonly string[];
  readonly votes: number;
  /** Optimistic lock: 0 is off. */
  readonly version: number;
  readonly stored: boolean;
  readonly indexed: boolean;
  readonly cached: boolean;
  /** Fields of the user's own, at the top level of its JSON. */
  readonly properties: JsonObject;
}

export interface Thing extends ThingFields {
  /** Decimal digits, made here; or what a client chose with PUT. Its id in the hub too. */
  readonly id: string;
  readonly productId: number;
  /** Order of making in this server; pages go on after it. */
  readonly docId: number;
  readonly name: string;
  readonly serviceBroker: "Azure";
  /** Unix milliseconds of its making. */
  readonly timestamp: number;
  /** Unix milliseconds; `null` until the first update through the API. */
  readonly updated: number | null;
  /** Grows with each write of this record. */
  readonly revision: number;
}

/** A Thing with its state, as almost everybody wants it. */
export interface ThingWithState {
  readonly thing: Thing;
  readonly state: DeviceState;
}

/** What a client sets of a new Thing. */
export interface NewThing extends ThingFields {
  /** Absent: one is made. */
  readonly id?: string;
  readonly name: string | null;
  /** Unix milliseconds; `null`: now. */
  readonly timestamp: number | null;
  readonly deviceState: JsonObject;
  /** What the device had said when the client read it: the client overwrites a Thing that is there. */
  readonly deviceSaid?: JsonObject;
}

/** What is left out stays. */
export interface ThingChange {
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly votes?: number;
  readonly stored?: boolean;
  readonly indexed?: boolean;
  readonly cached?: boolean;
  /** `null` values remove. */
  readonly properties?: JsonObject;
  /** Replaces the whole state, as `StateWrite` says. */
  readonly deviceState?: JsonObject;
  /** What the device had said when the client read the state. */
  readonly deviceSaid?: JsonObject;
  /** Above 0: refused unless it is the stored one, where that is above 0 too. */
  readonly version?: number;
}

/** What a device needs to reach the hub. Shown once, never kept. */
export interface DeviceDetails {
  readonly thingId: string;
  readonly thingName: string;
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly status: "enabled" | "disabled";
  /** ISO 8601, as the hub says it. */
  readonly lastActivity: string;
  readonly connectionState: "connected" | "disconnected";
  readonly connectionString: string;
}
