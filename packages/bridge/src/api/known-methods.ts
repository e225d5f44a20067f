/** A path that exists answers 405 to a method that it does not have, naming those that it has. */
import type { FastifyInstance, RouteOptions } from "fastify";
import { ApiError } from "./api-error.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Notes the routes as they are made; call the result when all are there. */
export function watchMethods(app: FastifyInstance): () => void {
  const byPath = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }: RouteOptions) => {
    const methods = byPath.get(url) ?? new Set<string>();
    byPath.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  return () => {
    for (const [url, methods] of Array.from(byPath)) {
      const missing = METHODS.filter((method) => !methods.has(method) && !(method === "HEAD" && methods.has("GET")));
      const allow = [...methods].toSorted().join(", ");
      const refuse = async (): Promise<never> => {
        throw new ApiError(405, { ok: false, error: "Method not allowed" }, { allow });
      };
      if (missing.length > 0) {
        app.route({ method: missing, url, onRequest: [refuse], handler: refuse, schema: { hide: true } });
      }
    }
  };
}
