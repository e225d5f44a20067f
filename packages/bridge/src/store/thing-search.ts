/** Searches among a product's Things. */
import type { ThingRecords } from "../core/thing-store.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createThingSearch(worker: GroupCommit): Pick<ThingRecords, "searchThings"> {
  return {
    async searchThings(productId, { filter, sort, descending, limit, skip, afterDocId }) {
      if (filter.kind === "none") return { things: [], total: 0 };
      if (filter.kind !== "all" || (sort !== "_docid" && sort !== "timestamp"))
        throw new Error("Searches with a filter are not there yet.");
      const [ids, total] = await Promise.all([
        afterDocId === null
          ? worker.call("thingIds", productId, { sort, descending, limit, skip })
          : worker.call("thingIdsAfter", productId, afterDocId, descending, limit),
        worker.call("countThings", productId),
      ]);
      return { things: await worker.call("things", ids), total };
    },
  };
}
