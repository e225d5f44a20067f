import { expect, test } from "vitest";
import { changedFields } from "./address.ts";

test("a change sets some fields, takes the empty ones away and leaves the others", () => {
  const fields = new URLSearchParams("q=pump&after=x&open=1");
  expect(changedFields(fields, { q: "", after: null, state: "a b" }).toString()).toBe("open=1&state=a+b");
  expect(fields.toString()).toBe("q=pump&after=x&open=1");
});
