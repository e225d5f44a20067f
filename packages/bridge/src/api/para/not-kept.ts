/** Parts of Para that are not built here. They answer what is true instead of nothing: empty where clients read, no where they write. */
import type { FastifyInstance, HTTPMethods } from "fastify";
import { paraError } from "./para-error.ts";

/** What Para keeps for an app beside its objects, and why it is not needed here. */
const NOT_KEPT: Readonly<Record<string, string>> = {
  _settings:
    "Settings of apps are not kept here: the states' settings of a product are set with `isthmus things settings`.",
  _permissions:
    "There are no users and no guests here whom permissions could concern: who has an app's keys may do all.",
  _constraints: "Constraints of the user's own are not kept here.",
};
const WRITES: HTTPMethods[] = ["POST", "PUT", "PATCH", "DELETE"];
/** Whole servers are moved and mended otherwise. */
const NOT_BUILT: Readonly<Record<string, string>> = {
  _reindex: "There is no index to make anew: searches ask what is stored.",
  _export: "Read the objects page by page, or copy the data folder with `isthmus backup`.",
  _import: "Make the objects with POST /v1/_batch.",
  "utils/*": "Of Para's utilities there are newid and timestamp: texts are formatted where they are shown.",
};
const ALL_METHODS: HTTPMethods[] = ["GET", ...WRITES];

export function registerNotKept(app: FastifyInstance): void {
  const schema = { hide: true };
  for (const [name, why] of Object.entries(NOT_KEPT)) {
    for (const path of [`/v1/${name}`, `/v1/${name}/*`]) {
      app.get(path, { schema }, async () => ({}));
      app.route({ method: WRITES, url: path, schema, handler: refuse(400, why) });
    }
  }
  // Whether a user may do something: clients read a word. There are no users.
  app.get("/v1/_permissions/:subject/:path/:method", { schema }, async (_request, reply) =>
    reply.type("text/plain").send("false"),
  );
  for (const [name, why] of Object.entries(NOT_BUILT)) {
    app.route({ method: ALL_METHODS, url: `/v1/${name}`, schema, handler: refuse(400, why) });
  }
  const noUsers =
    "There are no users here, whom tokens of /jwt_auth are for. Make a super token with the app's secret.";
  const toApps = { config: { para: "public" }, schema } as const;
  app.get("/jwt_auth", toApps, refuse(401, "User must reauthenticate."));
  app.route({ method: "DELETE", url: "/jwt_auth", ...toApps, handler: refuse(401, "User must reauthenticate.") });
  app.route({ method: "POST", url: "/jwt_auth", ...toApps, handler: refuse(400, noUsers) });
}

function refuse(status: number, message: string): () => Promise<never> {
  return async () => {
    throw paraError(status, message, { error: "not_kept" });
  };
}
