/** Sources as the API answers them. */
import type { Tone } from "../../elements/state-badge.tsx";
import { segment } from "../../client/request.ts";

export interface Source {
  readonly id: string;
  readonly kind: "particle-cloud" | "inbound-webhook";
  readonly product_id: number;
  readonly name: string;
  readonly disabled: boolean;
  readonly event: string;
  readonly create_devices: boolean;
  readonly system_events: boolean;
  readonly status: SourceStatus;
  /** Of a webhook. */
  readonly url?: string;
  /** Of a stream. */
  readonly base_url?: string;
  readonly particle_product?: string | null;
  readonly follow_events?: boolean;
}

interface SourceStatus {
  readonly state: string;
  readonly since: string | null;
  readonly until: string | null;
  readonly reason: string | null;
  readonly next_step: string | null;
  readonly today: {
    readonly accepted: number;
    readonly repeated: number;
    readonly ignored: number;
    readonly refused: number;
  };
  readonly last_event_at: string | null;
  readonly test_received_at: string | null;
  readonly last_refusal: { readonly at: string; readonly message: string } | null;
  readonly names_fetched_at: string | null;
  readonly names_failure: string | null;
}

export interface Gap {
  readonly id: number;
  readonly from: string;
  readonly to: string | null;
  readonly reason: string;
}

/** What making a webhook, or its secret anew, answers besides: shown once. */
export interface ShownOnce {
  readonly secret: string;
  readonly webhook_definition: unknown;
}

export const KINDS: Readonly<Record<Source["kind"], string>> = {
  "inbound-webhook": "Webhook",
  "particle-cloud": "Stream",
};

export function sourcesPath(product: string): string {
  return `/admin/v1/products/${segment(product)}/sources`;
}

export function sourcePath(product: string, id: string): string {
  return `${sourcesPath(product)}/${segment(id)}`;
}

const STATES: Readonly<Record<string, readonly [tone: Tone, words: string]>> = {
  connecting: ["wait", "connecting"],
  following: ["good", "following"],
  listening: ["good", "waits for calls"],
  waiting: ["wait", "waits before it tries again"],
  held: ["bad", "held: the disk takes nothing"],
  stopped: ["bad", "stopped: refused"],
  names: ["good", "fetches names only"],
  off: ["quiet", "paused"],
};

export function stateOf({ disabled, status }: Source): { readonly tone: Tone; readonly words: string } {
  if (disabled) return { tone: "quiet", words: "paused" };
  const [tone, words] = STATES[status.state] ?? ["quiet", status.state];
  return { tone, words };
}
