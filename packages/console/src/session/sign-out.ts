import { endSession, sessionToken } from "./session.ts";

/** Ends the token on the server, and the session here even when the server is out of reach. */
export function signOut(): void {
  const token = sessionToken();
  if (token !== null) endToken(token);
  endSession("signed_out");
}

/** On the server. One that could not be revoked ends by itself. */
export function endToken(token: string): void {
  const headers = { authorization: `Bearer ${token}` };
  void fetch("/v1/access_tokens/current", { method: "DELETE", headers, credentials: "omit" }).catch(() => undefined);
}
