/** What a Thing is to its hub: its keys, and whether it may connect. Routes of our own beside Para's. */
import type { FastifyInstance } from "fastify";
import type { KeyName } from "../../core/hub-client.ts";
import type { KeysShown } from "../../core/state-control.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { paraCaller } from "./authentication.ts";
import { paraError } from "./para-error.ts";
import { refusedByHub, unknownThing } from "./thing-errors.ts";
import { thingJson } from "./thing-json.ts";
import { forThings, ownThing } from "./thing-lookup.ts";
import type { OfThing } from "./thing-lookup.ts";
import { shown } from "./things.ts";

const STATUSES = { _enable: "enabled", _disable: "disabled" } as const;

export function registerThingDevice(app: FastifyInstance, { things, thingRecords, now }: ApiDependencies): void {
  forThings((root, route) => {
    app.post<OfThing>(
      `${root}/:id/_newkeys`,
      route("Make a new key for a thing's device, shown once"),
      async (request) => {
        const { id } = request.params;
        const caller = paraCaller(request);
        const key = keyName(request.body);
        await ownThing(thingRecords, caller, id);
        const renewed = await things.renewKey(id, key);
        if (renewed.kind !== "shown") throw unchanged(renewed);
        return thingJson(await ownThing(thingRecords, caller, id), caller.product.slug, renewed.details);
      },
    );

    for (const [action, status] of Object.entries(STATUSES)) {
      app.post<OfThing>(
        `${root}/:id/${action}`,
        route(`Have a thing's device ${status} in the hub`),
        async (request) => {
          const { id } = request.params;
          const caller = paraCaller(request);
          await ownThing(thingRecords, caller, id);
          const outcome = await things.setStatus(id, status);
          if (outcome.kind !== "set") throw unchanged(outcome);
          return shown(request, await ownThing(thingRecords, caller, id));
        },
      );
    }

    for (const url of [`${root}/:id/links`, `${root}/:id/links/*`]) {
      app.route<OfThing>({
        method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
        url,
        schema: { hide: true },
        async handler(request) {
          await ownThing(thingRecords, paraCaller(request), request.params.id);
          throw paraError(400, "Links between objects are not kept here.", { error: "links_not_kept" });
        },
      });
    }
  });

  function unchanged(outcome: Exclude<KeysShown, { kind: "shown" }>): Error {
    return outcome.kind === "unknown" ? unknownThing() : refusedByHub(outcome.failure, now());
  }
}

function keyName(body: unknown): KeyName {
  const key = typeof body === "object" && body !== null ? (body as Fields)["key"] : undefined;
  if (key === undefined || key === null) return "primary";
  if (key === "primary" || key === "secondary") return key;
  throw paraError(400, "'key' must be primary or secondary");
}
