/** The keys by which Para's clients speak for a product. Only an account makes them: who has them may do everything in the app. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { newAppSecret } from "../../core/ids.ts";
import type { Product } from "../../core/product.ts";
import { ApiError } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct } from "../ownership.ts";
import { accessKeyOf } from "../para/access-key.ts";
import { makeSuperToken } from "../para/super-token.ts";
import { isoTime } from "../particle/iso-time.ts";

interface InProduct {
  Params: { product: string };
}

const tags = ["things"];
/** Seconds that a super token is good for. */
const LIFE = { usual: 7 * 86_400, longest: 366 * 86_400 } as const;

export function registerAppKeys(
  app: FastifyInstance,
  { directory, appKeys, now, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function productOf(request: FastifyRequest<InProduct>): Promise<Product> {
    const caller = await authentication.account(request, "account");
    return ownProduct(directory, caller, request.params.product);
  }

  app.get<InProduct>(
    "/admin/v1/products/:product/app-keys",
    route("The access key of a product's app, and whether it has a secret"),
    async (request) => {
      const product = await productOf(request);
      return { accessKey: accessKeyOf(product), made: (await appKeys.appSecret(product.id)) !== null };
    },
  );

  app.post<InProduct>(
    "/admin/v1/products/:product/app-keys",
    route("Make a new secret key, shown once; the former one and its tokens end"),
    async (request) => {
      const product = await productOf(request);
      const secretKey = newAppSecret();
      await appKeys.renewAppSecret(product.id, secretKey);
      log.info({ productId: product.id }, "app_keys.renewed");
      return { accessKey: accessKeyOf(product), secretKey };
    },
  );

  app.post<InProduct>(
    "/admin/v1/products/:product/app-tokens",
    route("Make a token that speaks for the product's app"),
    async (request, reply) => {
      const product = await productOf(request);
      const seconds = optionalInteger(fieldsOf(request), "expires_in", 1, LIFE.longest) ?? LIFE.usual;
      const secret = await appKeys.appSecret(product.id);
      if (secret === null) throw noSecret();
      const issuedAt = Math.floor(now() / 1_000);
      const expiresAt = issuedAt + seconds;
      const token = makeSuperToken(secret, { accessKey: accessKeyOf(product), now: issuedAt, expiresAt });
      return reply.code(201).send({ token, expires_at: isoTime(expiresAt * 1_000) });
    },
  );
}

function noSecret(): ApiError {
  return new ApiError(409, {
    ok: false,
    error: "The product's app has no secret key yet",
    code: "no_app_keys",
    next_step: "Make one: POST …/app-keys, or isthmus things keys PRODUCT --renew.",
  });
}
