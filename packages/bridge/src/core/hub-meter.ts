/**
 * What hubs charge for. A hub counts messages in blocks of 4 KB (0.5 KB on Free), from midnight to midnight UTC, and takes
 * no more when the day's allowance is used up.
 */

/** What was asked of a hub, as far as it is charged. Identity operations are not. */
export const METER_KINDS = ["telemetry", "test", "cloud_to_device", "method", "twin", "query"] as const;
export type MeterKind = (typeof METER_KINDS)[number];

/** A message that a hub took. */
export interface Metered {
  readonly connectionId: string;
  readonly bytes: number;
}

/** Something that a hub did and charges for. */
export interface MeteredUse extends Metered {
  readonly kind: MeterKind;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface MeterCount {
  readonly kind: MeterKind;
  readonly messages: number;
  /** Of 4 KB. */
  readonly blocks: number;
  /** Of 0.5 KB. */
  readonly freeBlocks: number;
}

/** What one connection has used on the day of a moment (UTC). */
export interface MeteredDay {
  readonly kinds: readonly MeterCount[];
  /** In the hour before, which may have begun on the day before. */
  readonly lastHour: { readonly blocks: number; readonly freeBlocks: number; readonly firstAt: number | null };
}

/** By intervals that begin at `start`. Empty ones are left out. */
export interface MeterPoint {
  readonly start: number;
  readonly blocks: number;
  readonly freeBlocks: number;
}

/** What a user has told of a hub. */
export interface HubFacts {
  readonly name: string | null;
  readonly tier: HubTier | null;
  readonly units: number;
}

export const METER_BUCKET_MS = 300_000;

export const HUB_TIERS = ["F1", "B1", "B2", "B3", "S1", "S2", "S3"] as const;
export type HubTier = (typeof HUB_TIERS)[number];

/** What a unit of a tier allows in a day, and how many units a hub may have. */
const TIERS: Readonly<Record<HubTier, { readonly daily: number; readonly maxUnits: number }>> = {
  F1: { daily: 8_000, maxUnits: 1 },
  B1: { daily: 400_000, maxUnits: 200 },
  S1: { daily: 400_000, maxUnits: 200 },
  B2: { daily: 6_000_000, maxUnits: 200 },
  S2: { daily: 6_000_000, maxUnits: 200 },
  B3: { daily: 300_000_000, maxUnits: 10 },
  S3: { daily: 300_000_000, maxUnits: 10 },
};

export function maxUnitsOf(tier: HubTier): number {
  return TIERS[tier].maxUnits;
}

/** Blocks that a hub takes in a day. */
export function allowanceOf(tier: HubTier, units: number): number {
  return TIERS[tier].daily * units;
}

/** On Free every half kilobyte counts. */
export function blocksOn(tier: HubTier | null, counted: Pick<MeterCount, "blocks" | "freeBlocks">): number {
  return tier === "F1" ? counted.freeBlocks : counted.blocks;
}

/** Where what was used is kept. */
export interface HubMeters {
  addMetered(uses: readonly MeteredUse[]): Promise<void>;
  /** By connection, in the order of the ids. */
  meteredDays(connectionIds: readonly string[], at: number): Promise<readonly MeteredDay[]>;
  meterPoints(connectionId: string, since: number): Promise<readonly MeterPoint[]>;
  hubFacts(connectionIds: readonly string[]): Promise<readonly HubFacts[]>;
  setHubFacts(connectionId: string, facts: HubFacts): Promise<void>;
}

/** What a hub itself says of its day. */
export interface HubLimits {
  readonly tier: HubTier | null;
  readonly units: number;
  /** `null`: it limits nothing. */
  readonly allowance: number | null;
  /** By everybody, in blocks. `null`: it does not count. */
  readonly used: number | null;
}
