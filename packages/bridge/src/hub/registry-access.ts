/** By which right the registry is asked. A hub answers 401 to a wrong key and to a missing permission alike. */
import { fail, succeed } from "../core/failure.ts";
import type { Result } from "../core/failure.ts";
import { classifyRefusal } from "./error-classification.ts";
import type { EntraTokens } from "./entra/entra-tokens.ts";
import { readHttpRefusal } from "./http-refusal.ts";
import type { HttpAnswer } from "./http-refusal.ts";
import type { KeyRing, KeyToken } from "./key-ring.ts";

/** Sends a request with this `authorization` header. */
export type Ask = (authorization: string) => Promise<Result<HttpAnswer>>;

export interface RegistryAccess {
  /** Asks with a credential, and with another one where that could help. */
  ask(hostName: string, ask: Ask): Promise<Result<HttpAnswer>>;
}

const UNAUTHORIZED = 401;

/** By the policy's keys: the other one is tried before a refusal is believed, and used from then on when it works. */
export function policyAccess(keys: KeyRing): RegistryAccess {
  return {
    async ask(hostName, ask) {
      const token = keys.token(hostName);
      const answer = await ask(token.text);
      if (!isRefused(answer)) return answer;
      const other: KeyToken | null = keys.isCurrent(token) ? keys.otherToken(hostName) : keys.token(hostName);
      if (other === null) return answer;
      const second = await ask(other.text);
      if (!second.ok || isRefused(second)) return answer;
      keys.prefer(other);
      return succeed(second.value);
    },
  };
}

/** By an Entra identity's token. The hub knows the identity by its tenant: what it refuses is a missing role. */
export function entraAccess(tokens: EntraTokens, now: () => number): RegistryAccess {
  return {
    async ask(_hostName, ask) {
      const token = await tokens.token();
      if (!token.ok) return token;
      const answer = await ask(`Bearer ${token.value}`);
      if (!answer.ok || !isRefused(answer)) return answer;
      const { hubCode } = classifyRefusal(readHttpRefusal(answer.value), "identity", now());
      const message =
        "The hub refused the Entra identity: it has no data role in this hub, or has it since a moment only.";
      return fail("entra_role_missing", message, hubCode === undefined ? {} : { hubCode });
    },
  };
}

function isRefused(answer: Result<HttpAnswer>): boolean {
  return answer.ok && answer.value.status === UNAUTHORIZED;
}
