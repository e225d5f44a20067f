/** What `GET /admin/v1/overview` answers, and its queries. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import type { ToldFailure } from "../elements/failure-note.tsx";
import { withLook, type PacePoint } from "./recent-pace.ts";

const KEY = ["overview"] as const;
const LIVE_MS = 2_000;
const HISTORY_MS = 60_000;

export interface Overview {
  readonly time: string;
  /** `null` at the first look. */
  readonly pace: { readonly in_per_second: number; readonly out_per_second: number } | null;
  readonly ledger: Ledger;
  readonly integrations: number;
  readonly products: number;
  readonly hubs: readonly Target[];
  readonly hubs_total: number;
  readonly attention: readonly Attention[];
  readonly attention_total: number;
}

export interface Ledger {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly parked: number;
  readonly expired: number;
}

/** A hub, or the address of a webhook. */
export interface Target {
  readonly id: string;
  readonly host_name: string;
  readonly policy_name: string;
  readonly kind: "hub" | "webhook";
  readonly link: string;
  readonly state: "idle" | "open" | "slowed" | "paused";
  readonly integrations: number;
  readonly devices_waiting: number;
  readonly rate: { readonly per_second: number; readonly limit: number | null };
  readonly failure: ToldFailure | null;
}

export interface Attention {
  readonly kind: string;
  readonly tone: "bad" | "wait";
  readonly title: string;
  readonly message: string | null;
  readonly next_step: string | null;
  readonly link: string;
  readonly incident_id?: number;
}

export interface DayPoint {
  readonly time: number;
  readonly accepted: number;
  readonly success: number;
  readonly failure: number;
}

/** With the pace of the last minutes, as far as this browser has seen it. */
export interface LiveOverview extends Overview {
  readonly recent: readonly PacePoint[];
}

export function useOverview(): UseQueryResult<LiveOverview> {
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal, client }) => {
      const overview = await request<Overview>("/admin/v1/overview", { signal });
      const before = client.getQueryData<LiveOverview>(KEY)?.recent ?? [];
      return { ...overview, recent: withPace(before, overview) };
    },
    refetchInterval: LIVE_MS,
  });
}

export function useDayHistory(): UseQueryResult<readonly DayPoint[]> {
  return useQuery({
    queryKey: ["overview", "history"],
    queryFn: async ({ signal }) =>
      (await request<{ points: readonly DayPoint[] }>("/admin/v1/overview/history", { signal })).points,
    refetchInterval: HISTORY_MS,
  });
}

function withPace(before: readonly PacePoint[], { pace, time }: Overview): readonly PacePoint[] {
  if (pace === null) return before;
  return withLook(before, { time: Date.parse(time), in: pace.in_per_second, out: pace.out_per_second });
}
