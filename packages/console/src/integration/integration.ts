/** An integration as the API shows it, and the questions that its page asks about it. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";
import type { ToldFailure } from "../elements/failure-note.tsx";

export interface ScopeOfIntegration {
  readonly kind: "sandbox" | "product";
  readonly product_id?: number;
  readonly product_slug?: string;
  readonly product_name?: string;
}

export interface IntegrationDetail {
  readonly id: string;
  readonly event: string;
  readonly name: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly integration_type: "AzureIotHub" | "Webhook";
  readonly deviceID?: string;
  /** Of a webhook. */
  readonly url?: string;
  readonly hub_name?: string;
  readonly policy_name?: string;
  readonly secondary_policy_key?: string;
  readonly entra?: Readonly<Record<string, string | null>>;
  readonly daily_cap: number | null;
  readonly disabled: boolean;
  readonly scope: ScopeOfIntegration;
  /** Where it is in the device cloud's API. */
  readonly path: string;
  /** The host that it sends to. */
  readonly target: string;
  readonly connection_id?: string;
  readonly counters: {
    readonly today: { readonly success: number; readonly error: number };
    readonly ledger: LedgerOfIntegration;
    /** Of those that are pending: after a failed try. */
    readonly retrying: number;
  };
  /** From being accepted to being taken by the target, of the last ones. */
  readonly latency: { readonly p50_ms: number; readonly p95_ms: number; readonly deliveries: number } | null;
  readonly hub: { readonly key_in_use?: "primary" | "secondary" };
}

export interface LedgerOfIntegration {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly parked: number;
  readonly expired: number;
  readonly erased: number;
}

/** How it stands just now. */
export interface IntegrationState {
  readonly state: "disabled" | "held_up" | "idle" | "open" | "slowed" | "paused";
  readonly failure: ToldFailure | null;
  readonly warning: ToldFailure | null;
  readonly since: string | null;
  readonly expected_until: string | null;
  readonly next_probe_at: string | null;
  readonly rate: { readonly per_second: number; readonly limit: number | null } | null;
  readonly devices_waiting: readonly (ToldFailure & { readonly devices: number; readonly device_id: string })[];
}

/** How often what is live is asked again. */
export const LIVE_MS = 3_000;

/** Its address in the admin API. */
export function adminPath(id: string, ...more: readonly (string | number)[]): string {
  return ["/admin/v1/integrations", segment(id), ...more.map(segment)].join("/");
}

/** Its page in the console, or one of the page's tabs. */
export function pageOf(id: string, tab = "", query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `/integrations/${segment(id)}${tab === "" ? "" : `/${tab}`}${search === "" ? "" : `?${search}`}`;
}

export function useIntegration(id: string): UseQueryResult<IntegrationDetail> {
  return useQuery({
    queryKey: ["integrations", id, "detail"],
    queryFn: async ({ signal }) => {
      const { integration } = await request<{ integration: IntegrationDetail }>(adminPath(id), { signal });
      return integration;
    },
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
}

export function useIntegrationState(id: string): UseQueryResult<IntegrationState> {
  return useQuery({
    queryKey: ["integrations", id, "state"],
    queryFn: ({ signal }) => request<IntegrationState>(adminPath(id, "state"), { signal }),
    refetchInterval: LIVE_MS,
  });
}
