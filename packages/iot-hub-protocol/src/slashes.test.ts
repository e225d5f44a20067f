import { expect, test } from "vitest";
import { parseHubAddress } from "./addresses.ts";
import { coversResource } from "./shared-access-signature.ts";
import { withoutOuterSlashes, withoutTrailingSlashes } from "./slashes.ts";

test.each([
  ["/a/b/", "/a/b", "a/b"],
  ["//a//b//", "//a//b", "a//b"],
  ["a", "a", "a"],
  ["///", "", ""],
  ["", "", ""],
])("%s without slashes at its end is %s, at both ends %s", (text, trailing, outer) => {
  expect(withoutTrailingSlashes(text)).toBe(trailing);
  expect(withoutOuterSlashes(text)).toBe(outer);
});

test("very many slashes inside an address or a resource take no time to read", () => {
  // Work that grows by the square of their number takes minutes here.
  const slashes = `h${"/".repeat(1_000_000)}x`;
  const start = performance.now();
  expect(parseHubAddress(slashes)).toBeUndefined();
  expect(coversResource(slashes, "h/devices/d")).toBe(false);
  expect(performance.now() - start).toBeLessThan(20_000);
});
