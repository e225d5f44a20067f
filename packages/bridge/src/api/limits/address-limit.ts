/**
 * Requests of one address. Publishing with a good token is not counted here: it has a limit per device, and a fleet may stand
 * behind one address. Everything else is, refused tokens at the publishing routes too, so that nobody tries tokens for ever.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { addressKey } from "../../core/address-key.ts";
import { RateLimit } from "../../core/rate-limit.ts";
import { rateLimited } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";
import type { ApiDependencies } from "../dependencies.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** `publishing`: counted only when the token is refused. `never`: whoever asks and however often. */
    counted?: "publishing" | "never";
  }
}

const WINDOW_MS = 5 * 60_000;
/** Addresses in memory at most. */
const CAPACITY = 50_000;
const REFUSED_TOKEN = new Set(["invalid_request", "invalid_token"]);

export interface AddressLimit {
  /** The refusal when the address has had its share, else `null`; counts the request. */
  count(request: FastifyRequest): ApiError | null;
  /** What to answer instead of this refusal. */
  afterRefusal(request: FastifyRequest, error: ApiError): ApiError;
}

const NO_LIMIT: AddressLimit = { count: () => null, afterRefusal: (_request, error) => error };

/** A limit of so many in five minutes; `null` for none. */
export function createAddressLimit(
  limit: number | null,
  { log, limits: { elapsed } }: Pick<ApiDependencies, "log" | "limits">,
): AddressLimit {
  if (limit === null) return NO_LIMIT;
  const perAddress = new RateLimit({ rate: spread(limit), elapsed, capacity: CAPACITY });
  // An address that goes on gets one line in the log, not one for every request.
  const told = new RateLimit({ rate: spread(1), elapsed, capacity: CAPACITY });

  function count(request: FastifyRequest): ApiError | null {
    const address = addressKey(request.ip);
    const wait = perAddress.take(address);
    if (wait === 0) return null;
    if (told.take(address) === 0) log.warn({ address, limit }, "address.limited");
    return rateLimited(`At most ${limit} requests in five minutes from one address`, wait / 1000);
  }

  return {
    count,
    afterRefusal(request, error) {
      if (request.routeOptions.config.counted !== "publishing" || !REFUSED_TOKEN.has(error.body.error)) return error;
      return count(request) ?? error;
    },
  };
}

/** Counts every request before anything is done for it. */
export function limitAddresses(app: FastifyInstance, limit: AddressLimit): void {
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.routeOptions.config.counted !== undefined) return done();
    done(limit.count(request) ?? undefined);
  });
}

function spread(count: number): { readonly intervalMs: number; readonly burst: number } {
  return { intervalMs: WINDOW_MS / count, burst: count };
}
