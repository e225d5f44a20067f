/** One policy's SAS token for a whole hub, made once and renewed well before it ends. */
import { makeSharedAccessSignature } from "iot-hub-protocol";
import type { HubConnection } from "../core/integration.ts";

const LIFETIME = 3_600_000;
const RENEW_AFTER = 0.8 * LIFETIME;

export interface AccessToken {
  readonly text: string;
  /** Unix milliseconds from which a new one should be used. */
  readonly renewAt: number;
}

export interface AccessTokenOptions {
  /** What the token is for: the hub's host name. */
  readonly resource: string;
  readonly policyName: string;
  readonly policyKey: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Returns a function that gives the current token and signs a new one only when 80 % of its hour are over. */
export function accessTokens({ resource, policyName, policyKey, now }: AccessTokenOptions): () => AccessToken {
  let current: AccessToken | undefined;
  return () => {
    const time = now();
    // A clock that was set back would make a token live longer than its hour: sign anew then, too.
    if (current !== undefined && time < current.renewAt && time >= current.renewAt - RENEW_AFTER) return current;
    const expiry = Math.floor((time + LIFETIME) / 1000);
    const text = makeSharedAccessSignature({ resource, key: policyKey, policyName, expiry });
    current = { text, renewAt: time + RENEW_AFTER };
    return current;
  };
}

/** Gives a connection's current token for a host. The Local Hub's host is known only once it runs, hence the argument. */
export function hubTokens(
  { policyName, policyKey }: HubConnection,
  now: () => number,
): (hostName: string) => AccessToken {
  let current: { readonly hostName: string; readonly token: () => AccessToken } | undefined;
  return (hostName) => {
    if (current?.hostName !== hostName)
      current = { hostName, token: accessTokens({ resource: hostName, policyName, policyKey, now }) };
    return current.token();
  };
}
