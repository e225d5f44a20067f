/** `_id`: an object of whatever type, by its id alone. */
import type { FastifyInstance } from "fastify";
import type { ApiDependencies } from "../dependencies.ts";
import { appObject } from "./apps.ts";
import { paraCaller } from "./authentication.ts";
import { selection } from "./select.ts";
import { unknownThing } from "./thing-errors.ts";
import { ownThing } from "./thing-lookup.ts";
import type { OfThing } from "./thing-lookup.ts";
import { shown } from "./things.ts";

export function registerAnyObject(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.get<OfThing>(
    "/v1/_id/:id",
    { schema: { summary: "Read an object of any type", tags: ["para"] } },
    async (request) => {
      const caller = paraCaller(request);
      const { id } = request.params;
      // No Thing can be called so.
      if (!id.startsWith("app:")) return shown(request, await ownThing(dependencies.thingRecords, caller, id));
      const found = await appObject(dependencies, caller, id);
      if (found === null) throw unknownThing();
      return selection(request.query)(found);
    },
  );
}
