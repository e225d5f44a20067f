/** An Entra identity's token, asked for once by however many want it, renewed ahead, and not asked for in vain. */
import { succeed } from "../../core/failure.ts";
import type { Failure, Result } from "../../core/failure.ts";
import type { EntraCredential } from "../../core/integration.ts";
import { openEntraCredential } from "./entra-credential.ts";
import type { AskEntra, EntraOptions, EntraToken } from "./entra-credential.ts";
import { entraFailure } from "./entra-failure.ts";

const RENEW_BEFORE_MS = 10 * 60_000;
/** A token is not used in its last moments: the request has to arrive with it. */
const LAST_USE_BEFORE_MS = 30_000;
/** A refusal is remembered for a while, so that a thousand devices ask once. */
const REFUSED_FOR_MS = 15_000;

export interface EntraTokensOptions {
  readonly kind: EntraCredential["kind"];
  readonly ask: AskEntra;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class EntraTokens {
  readonly #options: EntraTokensOptions;
  #token: EntraToken | undefined;
  #refused: { readonly failure: Failure; readonly until: number } | undefined;
  #asking: Promise<Result<string>> | undefined;

  constructor(options: EntraTokensOptions) {
    this.#options = options;
  }

  /** The token that is good now. A failure to renew it matters only when it ends. */
  async token(): Promise<Result<string>> {
    const now = this.#options.now();
    const token = this.#token;
    if (token === undefined || now >= token.expiresAt - LAST_USE_BEFORE_MS) return this.#ask(now);
    if (now >= (token.renewAt ?? token.expiresAt - RENEW_BEFORE_MS)) void this.#ask(now);
    return succeed(token.text);
  }

  #ask(now: number): Promise<Result<string>> {
    if (this.#refused !== undefined && now < this.#refused.until)
      return Promise.resolve({ ok: false, failure: this.#refused.failure });
    this.#asking ??= this.#asked().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #asked(): Promise<Result<string>> {
    try {
      const token = await this.#options.ask();
      this.#token = token;
      this.#refused = undefined;
      return succeed(token.text);
    } catch (error) {
      const failure = entraFailure(error, this.#options.kind);
      this.#refused = { failure, until: this.#options.now() + REFUSED_FOR_MS };
      return { ok: false, failure };
    }
  }
}

/** Nothing is asked before the first token is. */
export function openEntraTokens(entra: EntraCredential, options: EntraOptions, now: () => number): EntraTokens {
  return new EntraTokens({ kind: entra.kind, ask: openEntraCredential(entra, options), now });
}
