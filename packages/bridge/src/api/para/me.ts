/** Who calls, and what it has. */
import type { FastifyInstance } from "fastify";
import type { JsonObject } from "../../core/json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { accessKeyOf } from "./access-key.ts";
import { visibleApp, visibleApps } from "./app-directory.ts";
import { appJson } from "./app-json.ts";
import { paraCaller } from "./authentication.ts";
import type { ParaCaller } from "./authentication.ts";
import { paraError } from "./para-error.ts";

const tags = ["para"];
const TYPES = { apps: "app", things: "thing" };

export function registerParaMe(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { directory, appKeys, thingRecords } = dependencies;

  app.get("/v1/_me", { schema: { summary: "The app that calls", tags } }, async (request) => {
    const caller = paraCaller(request);
    if (caller.getCredentials !== null) return withCredentials(caller, caller.getCredentials);
    return appJson(caller.product, await rootSlug(caller));
  });

  app.get<{ Querystring: Record<string, unknown> }>(
    "/v1/_types",
    { schema: { summary: "The types of objects that are kept here, by their plurals; or how many there are", tags } },
    async (request) => {
      if (String(request.query["count"]).toLowerCase() !== "true") return TYPES;
      const caller = paraCaller(request);
      const things = await thingRecords.countThings(caller.product.id);
      return { app: (await visibleApps(directory, caller)).length, thing: things };
    },
  );

  /** Only in the hands of whoever has the root app's secret, and only for apps that it may see. */
  async function withCredentials(caller: ParaCaller, accessKey: string): Promise<JsonObject> {
    if (!caller.isRoot)
      throw paraError(403, "Only root app can ask for the keys of other apps.", { error: "not_root" });
    const product = await visibleApp(directory, caller, accessKey);
    const secretKey = product === null ? null : await appKeys.appSecret(product.id);
    if (product === null || secretKey === null) throw paraError(404, "App not found.", { error: "app_not_found" });
    return {
      ...appJson(product, await rootSlug(caller)),
      credentials: { accessKey: accessKeyOf(product), secretKey },
    };
  }

  async function rootSlug(caller: ParaCaller): Promise<string> {
    return (await appKeys.rootApp())?.slug ?? caller.product.slug;
  }
}
