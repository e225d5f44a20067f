/** The list of all integrations, as the API answers it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";
import type { IntegrationState, LedgerOfIntegration } from "../integration/integration.ts";

export interface Overview extends IntegrationState {
  readonly id: string;
  readonly name: string;
  readonly event: string;
  readonly integration_type: "AzureIotHub" | "Webhook";
  /** The hub's name, or the host of a webhook. */
  readonly target: string;
  readonly scope: {
    readonly kind: "sandbox" | "product";
    readonly product_slug: string | null;
    readonly product_name: string | null;
  };
  readonly device_id: string | null;
  readonly disabled: boolean;
  readonly ledger: LedgerOfIntegration;
  readonly today: { readonly success: number; readonly error: number };
  readonly waiting: number;
  readonly parked: number;
  readonly last_24h: readonly { readonly time: string; readonly success: number; readonly failure: number }[];
}

export interface OverviewPage {
  readonly integrations: readonly Overview[];
  /** Of all pages. */
  readonly total: number;
  /** On the pages before this one. */
  readonly before: number;
  readonly next: string | null;
}

/** Empty ones ask for all. */
export interface OverviewQuery {
  readonly q: string;
  readonly type: string;
  readonly state: string;
  readonly scope: string;
  readonly after: string;
}

export function useOverview(query: OverviewQuery) {
  return useQuery({
    queryKey: ["integrations", "overview", query],
    queryFn: ({ signal }) => request<OverviewPage>("/admin/v1/integrations", { query: { ...query }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  });
}

interface Series {
  readonly series: readonly {
    readonly time: string;
    readonly accepted: number;
    readonly success: number;
    readonly failure: number;
  }[];
}

export interface DayPoint {
  readonly time: number;
  readonly success: number;
  readonly failure: number;
}

const DAY_MS = 86_400_000;
const DAYS = 30;

/** The last thirty days (UTC), those without events too. */
export function useLastDays(id: string) {
  return useQuery({
    queryKey: ["integrations", id, "last-days"],
    queryFn: async ({ signal }): Promise<readonly DayPoint[]> => {
      const to = Math.floor(Date.now() / DAY_MS + 1) * DAY_MS;
      const query = { from: to - DAYS * DAY_MS, to, bucket: DAY_MS / 1_000 };
      const { series } = await request<Series>(`/admin/v1/integrations/${segment(id)}/series`, { query, signal });
      return everyDay(series, query.from);
    },
    refetchInterval: 60_000,
  });
}

/** Days in which nothing happened have no point in the answer. */
export function everyDay(series: Series["series"], from: number): readonly DayPoint[] {
  const known = new Map(series.map((point) => [Date.parse(point.time), point]));
  return Array.from({ length: DAYS }, (_, day) => {
    const time = from + day * DAY_MS;
    const { success = 0, failure = 0 } = known.get(time) ?? {};
    return { time, success, failure };
  });
}
