/** The audit log as the API answers it. */
import { useQuery, keepPreviousData, type UseQueryResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import type { Tone } from "../elements/state-badge.tsx";

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly last_at: string;
  readonly count: number;
  readonly who: {
    readonly kind: "account" | "api_user" | "app" | "device" | "claimed" | "unknown";
    readonly name: string | null;
  };
  readonly action: string;
  readonly route: string;
  readonly objects: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string | null;
  readonly address: string;
}

interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}

export interface AuditFilter {
  readonly what: string;
  readonly who: string;
  readonly failed: boolean;
  /** Entries before this one. */
  readonly before: string;
}

export function useAudit({ what, who, failed, before }: AuditFilter): UseQueryResult<AuditPage> {
  return useQuery({
    queryKey: ["audit-entries", { what, who, failed, before }],
    queryFn: ({ signal }) =>
      request<AuditPage>("/admin/v1/audit", {
        query: { what, who, failed: failed || undefined, before, limit: 50 },
        signal,
      }),
    placeholderData: keepPreviousData,
    // Looking for something reads many entries.
    ...(before === "" && { refetchInterval: what === "" && who === "" && !failed ? 5_000 : 30_000 }),
  });
}

const KINDS: Readonly<Record<AuditEntry["who"]["kind"], string>> = {
  account: "account",
  api_user: "API user",
  app: "app",
  device: "device",
  claimed: "claimed to be",
  unknown: "somebody unknown",
};

/** Who it was, in words beside the name. */
export function kindInWords({ kind }: AuditEntry["who"]): string {
  return KINDS[kind];
}

/** How it went. */
export function outcomeOf({ status, code }: AuditEntry): { readonly tone: Tone; readonly text: string } {
  if (status < 400) return { tone: "good", text: `done, ${status}` };
  const text = code === null ? String(status) : `${status}, ${code}`;
  return status < 500 ? { tone: "wait", text: `refused, ${text}` } : { tone: "bad", text: `failed, ${text}` };
}
