/** Deliveries of an integration as the API shows them, and the questions of their tab. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import type { ToldFailure } from "../elements/failure-note.tsx";
import type { Tone } from "../elements/state-badge.tsx";
import type { ShownExchange } from "./exchange-view.tsx";
import { adminPath, LIVE_MS } from "./integration.ts";

export type DeliveryState = "pending" | "delivered" | "parked" | "expired";

export interface Delivery {
  readonly id: number;
  readonly event_id: string;
  readonly event: string;
  readonly device_id: string;
  readonly state: DeliveryState;
  readonly seq: number;
  readonly attempts: number;
  readonly accepted_at: string;
  readonly settled_at: string | null;
  readonly next_attempt_at: string | null;
  readonly error: string | null;
  readonly code: string | null;
  readonly next_step: string | null;
  /** Why it expired. */
  readonly reason: string | null;
  readonly note: string | null;
  readonly replay_id: string | null;
}

export interface DeliveryDetail extends Delivery {
  readonly data: string | null;
  readonly content_type: string;
  readonly product_id: number | null;
  readonly fw_version: number | null;
  readonly published_at: string;
  readonly received_at: string;
  readonly attempts_log: readonly Attempt[];
}

export interface Attempt extends ShownExchange {
  readonly time: string;
  readonly outcome: "delivered" | "retry" | "parked" | "held";
  readonly success: boolean;
  readonly error: string | null;
  readonly code: string | null;
  readonly next_step: string | null;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  /** What waits without a failure of its own waits for this. */
  readonly held_up_by: ToldFailure | null;
  readonly next: number | null;
}

/** By which deliveries are narrowed, as in the address. */
export const FILTERS = ["state", "device", "event", "code", "since", "until"] as const;
export type Filters = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

export const PAGE_SIZE = 50;

/** `isStill`: the rows stay as they are, because something is being chosen among them. */
export function useDeliveries(
  id: string,
  {
    filters,
    cursor,
    isStill,
  }: { readonly filters: Filters; readonly cursor: string | null; readonly isStill: boolean },
): UseQueryResult<DeliveryPage> {
  return useQuery({
    queryKey: ["integrations", id, "deliveries", filters, cursor],
    queryFn: ({ signal }) =>
      request<DeliveryPage>(adminPath(id, "deliveries"), { query: { ...filters, cursor, limit: PAGE_SIZE }, signal }),
    // Names of events are in no index: looking for one reads many deliveries.
    refetchInterval: isStill ? false : filters.event === undefined || filters.event === "" ? LIVE_MS : 5 * LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

export function useDelivery(id: string, delivery: string): UseQueryResult<DeliveryDetail> {
  return useQuery({
    queryKey: ["integrations", id, "delivery", delivery],
    queryFn: async ({ signal }) =>
      (await request<{ delivery: DeliveryDetail }>(adminPath(id, "deliveries", delivery), { signal })).delivery,
    refetchInterval: LIVE_MS,
  });
}

export const TONES: Readonly<Record<DeliveryState, Tone>> = {
  pending: "wait",
  delivered: "good",
  parked: "bad",
  expired: "quiet",
};
