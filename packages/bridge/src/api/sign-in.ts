/** Checking passwords: slowly for who guesses, a few at a time for the sake of the machine, alike for users who exist and who do not. */
import type { Logger } from "pino";
import type { Account } from "../core/account.ts";
import { addressKey } from "../core/address-key.ts";
import type { Accounts } from "../core/directory.ts";
import { RateLimit } from "../core/rate-limit.ts";
import { rateLimited } from "./api-error.ts";
import type { ApiLimits } from "./dependencies.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { SignInGuard } from "./sign-in-guard.ts";

/** Each check takes a thread of the pool that files need too. */
const MAX_CHECKS = 2;
const MAX_WAITING_CHECKS = 50;
const SIGN_IN_WINDOW_MS = 5 * 60_000;
const MAX_ADDRESSES = 50_000;

export interface SignIn {
  /** Counts an attempt from the address, by whatever way; throws 429 when it has had its share. */
  admit(address: string): void;
  /** The account, or `null` when name or password are wrong. Throws 429 while the pair of name and address is locked. */
  check(username: string, password: string, address: string): Promise<Account | null>;
  /** A hash to keep. */
  hash(password: string): Promise<string>;
}

interface SignInOptions {
  readonly directory: Pick<Accounts, "accountByUsername">;
  readonly limits: ApiLimits;
  readonly now: () => number;
  readonly log: Logger;
}

export function createSignIn({ directory, limits, now, log }: SignInOptions): SignIn {
  const guard = new SignInGuard(now);
  const oneOfFew = limitWork(MAX_CHECKS, MAX_WAITING_CHECKS);
  const perAddress = signInLimit(limits);
  return {
    admit(address) {
      const wait = perAddress(address);
      if (wait > 0) throw rateLimited("Too many sign-ins from one address. Try again later.", wait / 1000);
    },
    async check(username, password, from) {
      // Who has a network of its own would have a fresh start with each of its addresses.
      const address = addressKey(from);
      refuseLocked(guard.lockedFor(username, address));
      const user = await directory.accountByUsername(username);
      const fits = await oneOfFew(() => verifyPassword(password, user?.passwordHash ?? null));
      if (fits && user !== null) {
        guard.succeeded(username, address);
        return user.account;
      }
      guard.failed(username, address);
      log.warn({ address: from }, "sign-in.refused");
      return null;
    },
    hash: (password) => oneOfFew(() => hashPassword(password)),
  };
}

/** Milliseconds that an address has to wait before its next sign-in. */
function signInLimit({ signIns, elapsed }: ApiLimits): (address: string) => number {
  if (signIns === null) return () => 0;
  const rate = { intervalMs: SIGN_IN_WINDOW_MS / signIns, burst: signIns };
  const limit = new RateLimit({ rate, elapsed, capacity: MAX_ADDRESSES });
  return (address) => limit.take(addressKey(address));
}

function refuseLocked(seconds: number): void {
  if (seconds > 0) throw rateLimited("Too many failed sign-ins. Try again later.", seconds);
}

/** Runs work `width` at a time; refuses when too much waits. */
function limitWork(width: number, maxWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (waiting.length >= maxWaiting) throw rateLimited("Too many sign-ins at once. Try again.", 5);
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The place is handed on, not freed, when somebody waits for it.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
