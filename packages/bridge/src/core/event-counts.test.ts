import { expect, test } from "vitest";
import { createEventCounts } from "./event-counts.ts";

test("a product's events are counted for the product, all others for their account", () => {
  const counts = createEventCounts();
  counts.count({ ownerId: "ada", productId: 7 });
  counts.count({ ownerId: "ada", productId: null });
  counts.count({ ownerId: "ada", productId: null });
  counts.count({ ownerId: null, productId: null });
  expect(["product/7", "account/ada", "account/eve"].map((key) => counts.accepted(key))).toEqual([1, 2, 0]);
});
