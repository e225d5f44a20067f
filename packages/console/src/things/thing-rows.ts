/** Things as the API shows them, their conflicts, and the queries that bring both. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";
import type { Sync } from "../devices/device-rows.ts";

export interface ThingRow {
  readonly id: string;
  readonly name: string;
  /** Slug of its product. */
  readonly appid: string;
  readonly tags?: readonly string[];
  readonly deviceState: Readonly<Record<string, unknown>>;
  readonly deviceStatus: {
    readonly status: "enabled" | "disabled";
    readonly connectionState: "connected" | "disconnected";
    readonly lastActivity: string | null;
    readonly sync: Sync;
    readonly error?: { readonly code: string; readonly message: string; readonly next_step: string | null };
    readonly conflicts: number;
  };
  /** In the answer to its making and to new keys only. */
  readonly deviceDetails?: ThingKeys;
}

export interface ThingKeys {
  readonly thingId: string;
  readonly thingName: string;
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly connectionString: string;
}

export interface ThingPage {
  readonly things: readonly ThingRow[];
  readonly total: number | null;
  readonly next: string | null;
}

export interface ConflictRow {
  readonly device_id: string;
  readonly device_name?: string | null;
  readonly at: string;
  readonly path: string;
  readonly ours: unknown;
  readonly theirs: unknown;
  readonly their_source: "device" | "desired" | "reported" | "telemetry";
  readonly kept: "ours" | "theirs";
  readonly rule: "newest" | "hub" | "ours";
}

const PAGE_SIZE = 50;
const MOST_CONFLICTS = 200;
const LIVE_MS = 5_000;

/** Of one product, or of all where none is named. `q` in the language of Para's searches. */
export function useThingPage(product: string, q: string, after: string | null): UseQueryResult<ThingPage> {
  const path = product === "" ? "/admin/v1/things" : `/admin/v1/products/${segment(product)}/things`;
  return useQuery({
    queryKey: ["things", product, q, after],
    queryFn: ({ signal }) => request<ThingPage>(path, { query: { q, after, limit: PAGE_SIZE }, signal }),
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

export function useConflicts(product: string): UseQueryResult<readonly ConflictRow[]> {
  const path = product === "" ? "/admin/v1/state-conflicts" : `/admin/v1/products/${segment(product)}/state-conflicts`;
  return useQuery({
    queryKey: ["things", "conflicts", product],
    queryFn: async ({ signal }) =>
      (await request<{ conflicts: readonly ConflictRow[] }>(path, { query: { limit: MOST_CONFLICTS }, signal }))
        .conflicts,
    refetchInterval: LIVE_MS,
  });
}

export function thingPath(id: string): string {
  return `/admin/v1/things/${segment(id)}`;
}
