/** Who is signed in: an access token and a name, for this tab or, when asked, for this browser. */

export interface Session {
  readonly token: string;
  readonly username: string;
}

/** `ended`: the server no longer knows the token. */
export type SignedOutBecause = "ended" | "signed_out";

type Listener = () => void;

const KEY = "isthmus.session";
const listeners = new Set<Listener>();
let current: Session | null = restored();
let because: SignedOutBecause | null = null;

export function session(): Session | null {
  return current;
}

export function sessionToken(): string | null {
  return current?.token ?? null;
}

/** Why nobody is signed in; `null` at first. */
export function signedOutBecause(): SignedOutBecause | null {
  return because;
}

export function beginSession(next: Session, { remember }: { readonly remember: boolean }): void {
  current = next;
  because = null;
  forget();
  (remember ? localStorage : sessionStorage).setItem(KEY, JSON.stringify(next));
  tell();
}

export function endSession(why: SignedOutBecause): void {
  if (current === null) return;
  current = null;
  because = why;
  forget();
  tell();
}

/** For `useSyncExternalStore`. */
export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function restored(): Session | null {
  try {
    const text = sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
    const found = text === null ? null : (JSON.parse(text) as Partial<Session>);
    return typeof found?.token === "string" && typeof found.username === "string"
      ? { token: found.token, username: found.username }
      : null;
  } catch {
    return null;
  }
}

function forget(): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

function tell(): void {
  for (const listener of listeners) listener();
}
