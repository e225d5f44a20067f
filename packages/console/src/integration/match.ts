/** What the match lab asks: recent events, the verdict on one, the message that would be made of it, changed settings. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { request, type Query } from "../client/request.ts";
import type { Preview } from "../integrations/integration.ts";
import { adminPath, type IntegrationDetail } from "./integration.ts";
import type { Verdict } from "./verdict.ts";

export interface RecentEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string | null;
  readonly device_id: string | null;
  readonly published_at: string;
}

/** A real event, or a name and perhaps a device. */
export type Judged =
  | { readonly event_id: string }
  | { readonly name: string; readonly device_id: string; readonly data: string };

export interface DryRunEvent {
  readonly id: string;
  readonly name: string;
  readonly device_id: string | null;
  readonly published_at: string;
  readonly reason?: string;
  readonly error?: string;
}

export interface DryRun {
  readonly looked_at: number;
  readonly since: string | null;
  readonly kept: number;
  readonly gained: DryRunEvents;
  readonly lost: DryRunEvents;
  readonly failing: DryRunEvents;
}

interface DryRunEvents {
  readonly count: number;
  readonly events: readonly DryRunEvent[];
}

/** Of the integration's product, or the sandbox. */
export function useRecentEvents({ id, scope }: IntegrationDetail): UseQueryResult<readonly RecentEvent[]> {
  const query: Query = { product: scope.kind === "product" ? scope.product_id : "sandbox", limit: 50 };
  return useQuery({
    queryKey: ["events", "recent", id],
    queryFn: async ({ signal }) =>
      (await request<{ events: readonly RecentEvent[] }>("/admin/v1/events", { query, signal })).events,
    refetchInterval: 10_000,
  });
}

export async function judge(integration: IntegrationDetail, judged: Judged, signal: AbortSignal): Promise<Verdict> {
  const { scope } = integration;
  const { integrations } = await request<{ integrations: readonly Verdict[] }>("/admin/v1/match", {
    method: "POST",
    body: "event_id" in judged ? judged : { name: judged.name, ...deviceOf(judged.device_id, scope) },
    signal,
  });
  const verdict = integrations.find(({ id }) => id === integration.id);
  if (verdict === undefined) throw new Error("The server did not judge this integration.");
  return verdict;
}

function deviceOf(deviceId: string, scope: IntegrationDetail["scope"]): Readonly<Record<string, unknown>> {
  if (deviceId === "") return {};
  return { device_id: deviceId, ...(scope.kind === "product" && { product: String(scope.product_id) }) };
}

/** The message or request that is made of the event. */
export function preview({ id, path }: IntegrationDetail, judged: Judged, signal: AbortSignal): Promise<Preview> {
  const sample =
    "event_id" in judged
      ? judged
      : { event_name: judged.name, data: judged.data, ...(judged.device_id !== "" && { device_id: judged.device_id }) };
  return request<Preview>(`${path.slice(0, path.lastIndexOf("/"))}/preview`, {
    method: "POST",
    body: { id, ...sample },
    signal,
  });
}

export function dryRun(id: string, changes: Readonly<Record<string, unknown>>, last: number): Promise<DryRun> {
  return request<DryRun>(adminPath(id, "dry-run"), { method: "POST", body: { ...changes, last } });
}
