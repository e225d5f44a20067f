/** What somebody should look at, each with its words, its next step and where to go. */

/** `bad`: events wait or are lost until somebody acts. `wait`: it goes on, with less. */
export type AttentionTone = "bad" | "wait";

export interface Attention {
  /** Stable: which of the causes below it is. */
  readonly kind:
    | "server"
    | "incident"
    | "target_paused"
    | "target_slowed"
    | "target_warning"
    | "held_up"
    | "parked"
    | "devices_waiting"
    | "approval"
    | "source"
    | "state_hub"
    | "conflicts";
  readonly tone: AttentionTone;
  readonly title: string;
  /** `null` where the title says it all. */
  readonly message: string | null;
  readonly next_step: string | null;
  /** Of the console, below /console. */
  readonly link: string;
  /** Of an incident, to acknowledge it. */
  readonly incident_id?: number;
}

/** Shown at most; the rest is counted. */
export const MAX_ATTENTION = 50;

/** Bad ones first, else as they were found. */
export function inOrder(all: readonly Attention[]): readonly Attention[] {
  return all.toSorted((a, b) => Number(a.tone !== "bad") - Number(b.tone !== "bad"));
}

export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
