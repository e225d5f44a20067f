/** Scans of a hub's identities and plans, as the API answers them, and their queries. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request, segment, send } from "../client/request.ts";
import { saveText } from "../elements/save-text.ts";
import type { ToldFailure } from "../elements/failure-note.tsx";

const RUNNING_MS = 500;
export const PAGE = 50;

export type IdentityClass =
  | "made"
  | "adopted"
  | "used"
  | "adoptable"
  | "state"
  | "missing"
  | "unmade"
  | "orphaned"
  | "left"
  | "gone"
  | "conflicting"
  | "foreign";

export type IdentityAction = "create" | "prepare" | "adopt" | "forget" | "delete";

export interface Scan {
  readonly id: string;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly in_hub: number;
  readonly devices: number;
  readonly counts: Readonly<Record<IdentityClass, number>>;
  readonly disabled: number;
  readonly generations_compared: boolean;
  readonly failure: ToldFailure | null;
  readonly plan: Readonly<Record<IdentityAction, number>>;
  readonly deletes_unasked: number;
}

export interface Identity {
  readonly hub_device_id: string;
  readonly class: IdentityClass;
  readonly action: IdentityAction | null;
  readonly device_id: string | null;
  readonly status: "enabled" | "disabled" | null;
}

export interface Plan {
  readonly id: string;
  readonly state: "running" | "done" | "stopped" | "interrupted";
  readonly planned: Readonly<Record<IdentityAction, number>>;
  readonly results: Readonly<Record<"done" | "skipped" | "failed", number>>;
  readonly message: string | null;
  readonly created_at: string;
  readonly ended_at: string | null;
}

export interface PlanLine {
  readonly line: number;
  readonly action: IdentityAction;
  readonly hub_device_id: string;
  readonly result: "done" | "skipped" | "failed";
  readonly message: string | null;
}

function pathOf(connectionId: string): string {
  return `/admin/v1/connections/${segment(connectionId)}`;
}

/** The newest scan; `null`: there is none. */
export function useNewestScan(connectionId: string) {
  return useQuery({
    queryKey: ["connections", connectionId, "scans"],
    queryFn: async ({ signal }) => {
      const { scans } = await request<{ scans: readonly Scan[] }>(`${pathOf(connectionId)}/identity-scans`, { signal });
      return scans[0] ?? null;
    },
    refetchInterval: ({ state }) => (state.data?.state === "running" ? RUNNING_MS : false),
  });
}

export function useScanning(connectionId: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ["connections", connectionId] });
  const path = `${pathOf(connectionId)}/identity-scans`;
  const scan = useMutation({ mutationFn: () => request(path, { method: "POST" }), onSuccess });
  const stop = useMutation({
    mutationFn: (id: string) => request(`${path}/${segment(id)}`, { method: "DELETE" }),
    onSuccess,
  });
  const apply = useMutation({
    mutationFn: ({ id, actions, deletes }: { id: string; actions: readonly IdentityAction[]; deletes: number }) =>
      request<{ plan: Plan }>(`${path}/${segment(id)}/apply`, {
        method: "POST",
        body: { actions, ...(deletes > 0 && { confirm: { delete: deletes } }) },
      }),
    onSuccess,
  });
  return { scan, stop, apply };
}

export function useIdentities(connectionId: string, scanId: string, name: IdentityClass, after: number) {
  return useQuery({
    queryKey: ["connections", connectionId, "scans", scanId, name, after],
    queryFn: ({ signal }) =>
      request<{ identities: readonly Identity[]; next: number | null }>(
        `${pathOf(connectionId)}/identity-scans/${segment(scanId)}/identities`,
        { query: { class: name, after, limit: PAGE }, signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

export async function saveIdentities(connectionId: string, scanId: string): Promise<void> {
  const answer = await send(`${pathOf(connectionId)}/identity-scans/${segment(scanId)}/identities.csv`);
  saveText("identities.csv", await answer.text());
}

export function usePlans(connectionId: string) {
  return useQuery({
    queryKey: ["connections", connectionId, "plans"],
    queryFn: async ({ signal }) =>
      (await request<{ plans: readonly Plan[] }>(`${pathOf(connectionId)}/identity-plans`, { signal })).plans,
    refetchInterval: ({ state }) => (state.data?.[0]?.state === "running" ? RUNNING_MS : false),
  });
}

export function usePlanLines(connectionId: string, plan: Plan, after: number) {
  const done = Object.values(plan.results).reduce((sum, n) => sum + n, 0);
  return useQuery({
    queryKey: ["connections", connectionId, "plans", plan.id, after, plan.state, done],
    queryFn: ({ signal }) =>
      request<{ lines: readonly PlanLine[]; next: number | null }>(
        `${pathOf(connectionId)}/identity-plans/${segment(plan.id)}`,
        { query: { after, limit: PAGE }, signal },
      ),
    placeholderData: keepPreviousData,
  });
}
