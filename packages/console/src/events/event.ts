/** Events as the API answers them, and what each integration did with one. */
import {
  useInfiniteQuery,
  useQuery,
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";

export interface ShownEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string | null;
  readonly content_type: string;
  readonly device_id: string | null;
  readonly device_name: string | null;
  readonly product_id: number | null;
  readonly fw_version: number | null;
  readonly published_at: string;
  readonly received_at: string;
  /** False for what the bridge tells by itself, which is not stored. */
  readonly kept?: boolean;
}

/** Which events are looked at; the address of the screen holds it. */
export interface EventFilter {
  readonly prefix: string;
  /** Id or name. */
  readonly device: string;
  /** Slug, `sandbox`, or empty for all. */
  readonly product: string;
}

interface EventPage {
  readonly events: readonly ShownEvent[];
  readonly next: number | null;
}

export type DeliveryState = "pending" | "delivered" | "parked" | "expired";

export interface EventVerdict {
  readonly id: string;
  readonly name: string;
  readonly event: string;
  readonly integration_type: string;
  readonly product_id: number | null;
  readonly disabled: boolean;
  readonly taken: boolean;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly delivery: {
    readonly id: number;
    readonly state: DeliveryState;
    readonly attempts: number;
    readonly settled_at: string | null;
    readonly error: string | null;
    readonly next_step: string | null;
  } | null;
}

export interface EventTrace {
  readonly event: ShownEvent;
  readonly integrations: readonly EventVerdict[];
}

const PAGE = 50;

/** The filter as the routes of events take it. */
export function eventQuery({ prefix, device, product }: EventFilter): Readonly<Record<string, string>> {
  return { prefix, device_id: device, product };
}

/** What was there when the list was opened, and pages before it when they are asked for. */
export function useStoredEvents(
  filter: EventFilter,
  { enabled }: { readonly enabled: boolean },
): UseInfiniteQueryResult<InfiniteData<EventPage>> {
  return useInfiniteQuery({
    queryKey: ["events", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      request<EventPage>("/admin/v1/events", {
        query: { ...eventQuery(filter), limit: PAGE, before: pageParam },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ next }) => next,
    enabled,
    // What comes after it comes live: asked anew, pages would move under the reader's eyes.
    staleTime: Infinity,
    gcTime: 0,
  });
}

export function useEventTrace(id: string): UseQueryResult<EventTrace> {
  return useQuery({
    queryKey: ["events", id],
    queryFn: ({ signal }) => request<EventTrace>(`/admin/v1/events/${segment(id)}`, { signal }),
    refetchInterval: ({ state }) =>
      state.data?.integrations.some(({ delivery }) => delivery?.state === "pending") ? 2_000 : false,
  });
}
