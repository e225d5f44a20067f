/** Objects of other types than Para's clients may keep elsewhere: told clearly, because nothing is kept here but apps and Things. */
import type { FastifyInstance, HTTPMethods } from "fastify";
import { paraError } from "./para-error.ts";

const METHODS: HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const KEPT = new Set(["thing", "things", "app", "apps"]);

/** Reached by what no other route takes: the router prefers fixed words. */
export function registerOtherTypes(app: FastifyInstance): void {
  for (const url of ["/v1/:type", "/v1/:type/*"]) {
    app.route<{ Params: { type: string } }>({
      method: METHODS,
      url,
      schema: { hide: true },
      handler: async ({ params: { type } }) => {
        if (KEPT.has(type) || type.startsWith("_")) throw paraError(404, "HTTP 404 Not Found", { error: "not_found" });
        throw paraError(400, "Objects of this type are not kept here: the types are thing and app.", {
          error: "type_not_kept",
        });
      },
    });
  }
}
