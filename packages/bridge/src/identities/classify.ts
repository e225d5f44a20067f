/** Where one identity stands, and how many may be deleted unasked. Pure: the heart of what may be deleted. */
import type { IdentityClass, IdentityFacts } from "../core/hub-identities.ts";
import type { Need } from "./needs.ts";

export interface Evidence {
  readonly facts: Pick<IdentityFacts, "known" | "isElsewhere">;
  readonly need: Need | null;
  /** `null`: the hub has none. */
  readonly inHub: { readonly generationId: string | null } | null;
  /** A device has sent for an integration that needs it. */
  readonly hasSent: boolean;
}

/** `null`: neither the hub has it nor anybody needs it. */
export function classOf({ facts, need, inHub, hasSent }: Evidence): IdentityClass | null {
  if (facts.isElsewhere) return inHub === null ? null : "state";
  return inHub === null ? absent(facts.known !== null, need, hasSent) : present(facts.known, need, inHub.generationId);
}

function absent(isKnown: boolean, need: Need | null, hasSent: boolean): IdentityClass | null {
  if (need === null) return isKnown ? "gone" : null;
  if (need.senders.length === 0) return null;
  return isKnown || hasSent ? "missing" : "unmade";
}

function present(known: IdentityFacts["known"], need: Need | null, generationId: string | null): IdentityClass {
  if (known === null) return need === null ? "foreign" : "adoptable";
  if (generationId !== null && known.generationId !== generationId) return "conflicting";
  if (need === null) return known.origin === "made" ? "orphaned" : "left";
  return known.origin ?? "used";
}

const MOST_UNASKED = 10;
const SHARE_UNASKED = 0.05;

/** How many of a hub's identities may be deleted without naming their number. */
export function deletesUnasked(inHub: number): number {
  return Math.min(MOST_UNASKED, Math.floor(inHub * SHARE_UNASKED));
}
