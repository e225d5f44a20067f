import { request } from "../client/request.ts";
import { endSession } from "./session.ts";

/** Ends the token on the server, and the session here even when the server is out of reach. */
export function signOut(): void {
  // The call takes the token before the session ends. A token that could not be revoked ends by itself.
  void request("/v1/access_tokens/current", { method: "DELETE" }).catch(() => undefined);
  endSession("signed_out");
}
