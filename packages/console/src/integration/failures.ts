/** What ails an integration: one entry per cause, and acting on all of a cause at once. */
import {
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { adminPath, LIVE_MS } from "./integration.ts";
import { retriedInWords, type Retried } from "./state-in-words.ts";

export interface FailureGroup {
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly parked: number;
  readonly waiting: number;
  readonly first_at?: string;
  readonly last_at?: string;
  readonly sample_delivery?: number | null;
  readonly next_step: string | null;
  /** `target`: the target as a whole is in trouble; all that is pending waits for it. */
  readonly scope?: "target";
}

/** Which deliveries: some, those of a cause, or all that are parked. */
export type Selection = { readonly ids: readonly number[] } | { readonly code: string } | { readonly all: true };

export function useFailures(id: string): UseQueryResult<readonly FailureGroup[]> {
  return useQuery({
    queryKey: ["integrations", id, "failures"],
    queryFn: async ({ signal }) =>
      (await request<{ failures: readonly FailureGroup[] }>(adminPath(id, "failures"), { signal })).failures,
    refetchInterval: LIVE_MS,
  });
}

export function useRetry(id: string): UseMutationResult<Retried, Error, Selection> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Selection) => request<Retried>(adminPath(id, "deliveries", "retry"), { method: "POST", body }),
    onSuccess: async (answer) => {
      announce(retriedInWords(answer));
      await queries.invalidateQueries({ queryKey: ["integrations", id] });
    },
  });
}

export function useDiscard(
  id: string,
): UseMutationResult<{ discarded: number }, Error, { readonly which: Selection; readonly reason: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ which, reason }: { readonly which: Selection; readonly reason: string }) =>
      request<{ discarded: number }>(adminPath(id, "deliveries", "discard"), {
        method: "POST",
        body: { ...which, reason },
      }),
    onSuccess: async ({ discarded }) => {
      announce(`${discarded.toLocaleString()} given up.`);
      await queries.invalidateQueries({ queryKey: ["integrations", id] });
    },
  });
}
