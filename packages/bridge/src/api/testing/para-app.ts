/** An app that calls Para's face with a token of its own making, for the tests of this folder. */
import { accessKeyOf } from "../para/access-key.ts";
import { makeSuperToken } from "../para/super-token.ts";
import type { TestApi } from "./test-api.ts";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ParaAnswer {
  readonly status: number;
  /** Parsed; `null` where there is none. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
}

export interface ParaApp {
  readonly productId: number;
  /** `body`: texts and bytes are sent as they are, anything else as JSON. */
  call(method: Method, path: string, body?: unknown): Promise<ParaAnswer>;
}

/** Makes a product of that slug, whose owner is new too, and gives it keys. */
export async function createParaApp(api: TestApi, slug: string): Promise<ParaApp> {
  const owner = await api.account(`${slug}@example.com`);
  const product = (await api.directory.createProduct({ ownerId: owner.id, name: slug, slug, description: "" }))!;
  const secret = `${slug}-secret`;
  await api.appKeys.renewAppSecret(product.id, secret);
  return {
    productId: product.id,
    async call(method, path, body) {
      const now = Math.floor(api.world.now / 1_000);
      const token = makeSuperToken(secret, { accessKey: accessKeyOf(product), now, expiresAt: now + 60 });
      const answer = await api.app.inject({
        method,
        url: path,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && {
          payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        }),
      });
      return {
        status: answer.statusCode,
        body: answer.body === "" ? null : answer.json<unknown>(),
        headers: answer.headers,
      };
    },
  };
}
