/** Connections to hubs, as the API answers them, and their queries. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";
import type { ToldFailure } from "../elements/failure-note.tsx";

const LIVE_MS = 5_000;
const PATH = "/admin/v1/connections";

export interface Quota {
  readonly allowance: number | null;
  /** Of the Local Hub: nothing is limited. */
  readonly unlimited: boolean;
  readonly used: number;
  readonly used_by_bridge: number;
  readonly messages: number;
  readonly by_kind: readonly { readonly kind: MeterKind; readonly messages: number; readonly blocks: number }[];
  readonly block_bytes: number;
  readonly per_hour: number;
  readonly forecast: { readonly kind: "ended" | "ends" | "lasts" | "unknown"; readonly at: string | null };
  readonly told_by_hub: boolean;
  readonly resets_at: string;
}

export type MeterKind = "telemetry" | "test" | "cloud_to_device" | "method" | "twin" | "query";

export interface Connection {
  readonly id: string;
  readonly kind: "hub";
  readonly host_name: string;
  readonly policy_name: string;
  readonly state: "idle" | "open" | "slowed" | "paused";
  readonly key_in_use?: "primary" | "secondary";
  readonly in_flight: number;
  readonly waiting: number;
  readonly since: string | null;
  readonly next_probe_at: string | null;
  readonly expected_until: string | null;
  readonly rate: { readonly per_second: number; readonly limit: number | null };
  readonly failure: ToldFailure | null;
  readonly warning: ToldFailure | null;
  readonly name: string | null;
  readonly tier: string | null;
  readonly units: number;
  readonly integrations: readonly {
    readonly id: string;
    readonly name: string;
    readonly event: string;
    readonly disabled: boolean;
  }[];
  readonly state_scopes: readonly (number | "sandbox")[];
  /** `null`: of the Local Hub, which all accounts share, for those who do not run it. */
  readonly quota: Quota | null;
}

export interface ConnectionDetail {
  readonly connection: Connection;
  readonly last_24h: readonly { readonly time: string; readonly messages: number }[];
}

/** A hub that mirrors states. Figures only where it is one's own. */
export interface StateHub {
  readonly connection: string;
  readonly host_name: string;
  readonly devices?: number;
  readonly pending?: number;
  readonly missing?: number;
  readonly writing: { readonly error: ToldFailure | null };
  readonly reading: {
    readonly is_reading: boolean;
    readonly last_event_at: string | null;
    /** Messages that wait in the hub; `null`: nobody knows. */
    readonly behind?: number | null;
    /** Messages that were too old for the hub before they were read. */
    readonly expired?: number;
    readonly error: ToldFailure | null;
  };
  readonly sweep: {
    readonly last_at: string | null;
    readonly last_ms: number | null;
    readonly error: ToldFailure | null;
  };
}

export function useConnections() {
  return useQuery({
    queryKey: ["connections"],
    queryFn: async ({ signal }) => {
      const { connections } = await request<{ connections: readonly (Connection | { kind: "webhook" })[] }>(PATH, {
        signal,
      });
      return connections.filter((one): one is Connection => one.kind === "hub");
    },
    refetchInterval: LIVE_MS,
  });
}

export function useConnection(id: string) {
  return useQuery({
    queryKey: ["connections", id],
    queryFn: ({ signal }) => request<ConnectionDetail>(`${PATH}/${segment(id)}`, { signal }),
    refetchInterval: LIVE_MS,
  });
}

export function useStateHubs() {
  return useQuery({
    queryKey: ["state-hubs"],
    queryFn: async ({ signal }) =>
      (await request<{ hubs: readonly StateHub[] }>("/admin/v1/state-hubs", { signal })).hubs,
    refetchInterval: LIVE_MS,
  });
}

export interface HubDescription {
  readonly name: string | null;
  readonly tier: string | null;
  readonly units: number;
}

export function useDescribe(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Partial<HubDescription>) => request(`${PATH}/${segment(id)}`, { method: "PUT", body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["connections"] }),
  });
}

/** What it is called: its own name, the user's for it, or the Local Hub. */
export function titleOf({ name, host_name }: Pick<Connection, "name" | "host_name">): string {
  return name ?? (host_name === "local" ? "Local Hub" : host_name);
}

export function pathOf(id: string, tab = ""): string {
  return `/hubs/${segment(id)}${tab === "" ? "" : `/${tab}`}`;
}
