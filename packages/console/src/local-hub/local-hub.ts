/** What `GET /admin/v1/local-hub` answers, its query and what can be changed. */
import {
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { request, segment } from "../client/request.ts";

const LIVE_MS = 3_000;
const KEY = ["local-hub"] as const;
const PATH = "/admin/v1/local-hub";

export interface LocalHub {
  readonly host_name: string;
  readonly ports: { readonly https: number; readonly amqps: number; readonly mqtts: number; readonly amqp: number };
  /** PEM. */
  readonly ca: string;
  /** On the server. */
  readonly ca_file: string;
  readonly id_scope: string;
  readonly connection_strings: readonly ConnectionString[];
  readonly limits: Limits;
  readonly faults: readonly Fault[];
  readonly connected: number;
}

export interface ConnectionString {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly value: string;
}

export interface Limits {
  readonly tier: string | null;
  readonly units: number;
  readonly quota: { readonly limit: number; readonly used: number; readonly resets_at: string } | null;
}

/** Where a fault strikes, what it does and for how long; the Local Hub's own words. */
export interface FaultRule {
  readonly where: {
    readonly point: string;
    readonly operation?: string;
    readonly deviceId?: string;
    readonly protocol?: string;
  };
  readonly effect: { readonly kind: string; readonly error?: string; readonly ms?: number };
  readonly times?: number;
  readonly probability?: number;
  readonly forMs?: number;
  readonly skip?: number;
}

export interface Fault extends FaultRule {
  readonly id: string;
  readonly struck: number;
  readonly active: boolean;
}

export function useLocalHub(): UseQueryResult<LocalHub> {
  return useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => request<LocalHub>(PATH, { signal }),
    refetchInterval: LIVE_MS,
  });
}

export function useChangeLimits(): UseMutationResult<unknown, Error, { tier: string | null; units: number }> {
  return useChange((limits) => request(`${PATH}/limits`, { method: "PUT", body: limits }));
}

export function useAddFault(): UseMutationResult<unknown, Error, object> {
  return useChange((rule) => request(`${PATH}/faults`, { method: "POST", body: rule }));
}

/** One by its id; `null`: all. */
export function useRemoveFault(): UseMutationResult<unknown, Error, string | null> {
  return useChange((id) =>
    request(id === null ? `${PATH}/faults` : `${PATH}/faults/${segment(id)}`, { method: "DELETE" }),
  );
}

function useChange<T>(change: (input: T) => Promise<unknown>): UseMutationResult<unknown, Error, T> {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: KEY }) });
}
