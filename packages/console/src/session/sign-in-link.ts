/** A link from the terminal: its code stands after `#sign-in=`, is taken out of the address at once and redeemed for a token. */
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { beginSession, session } from "./session.ts";
import { endToken } from "./sign-out.ts";

export type LinkState = { readonly kind: "none" } | { readonly kind: "redeeming" } | Refused;

interface Refused {
  readonly kind: "refused";
  readonly failure: unknown;
}

const TAB_ONLY = { remember: false };
const PATTERN = /^#sign-in=([^&]+)$/;
const listeners = new Set<() => void>();
let state: LinkState = { kind: "none" };

export function signInLink(): LinkState {
  return state;
}

/** For `useSyncExternalStore`. */
export function onSignInLink(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follows the link in the address, and those that are pasted into it later. */
export function followSignInLinks(): void {
  window.addEventListener("hashchange", () => void follow());
  void follow();
}

async function follow(): Promise<void> {
  const code = PATTERN.exec(window.location.hash)?.[1];
  if (code === undefined) return;
  // Out of the history too: it must not be found there, not even used.
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  change({ kind: "redeeming" });
  try {
    const body = { code };
    const { access_token, username } = await request<{ access_token: string; username: string }>(
      "/admin/v1/sign-in-links/redeem",
      { method: "POST", body },
    );
    const before = session();
    if (before === null || isSame(before.username, username)) beginSession({ token: access_token, username }, TAB_ONLY);
    else if (goesOver(before.username, username)) {
      endToken(before.token);
      beginSession({ token: access_token, username }, TAB_ONLY);
    } else endToken(access_token);
    change({ kind: "none" });
  } catch (failure) {
    if (session() !== null) announce(failure instanceof Error ? failure.message : String(failure));
    change(session() === null ? { kind: "refused", failure } : { kind: "none" });
  }
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** A link may come from a stranger, who would like to see what is typed here: nobody changes accounts unawares. */
function goesOver(before: string, next: string): boolean {
  return window.confirm(`This link signs in as ${next}. You are signed in as ${before}. Go over to ${next}?`);
}

function change(next: LinkState): void {
  state = next;
  for (const listener of listeners) listener();
}
