import { expect, test } from "vitest";
import { ContestedLinks } from "./contested-links.ts";

function newLinks(): { readonly links: ContestedLinks; pass(ms: number): void; waits(id?: string): number } {
  let now = 1_760_443_200_000;
  const links = new ContestedLinks(() => now);
  return {
    links,
    pass: (ms) => void (now += ms),
    waits: (id = "d1") => Math.max(0, (links.failure(id)?.notBefore ?? 0) - now),
  };
}

test("a link that somebody else took is left to them for five seconds, and at last for five minutes", () => {
  const { links, pass, waits } = newLinks();
  expect(waits()).toBe(0);
  const waited = Array.from({ length: 9 }, () => {
    links.taken("d1");
    const ms = waits();
    pass(ms);
    expect(links.failure("d1")).toBe(null);
    return ms / 1_000;
  });
  expect(waited).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  expect(waits("d2")).toBe(0);
});

test("after ten quiet minutes the fight is forgotten", () => {
  const { links, pass, waits } = newLinks();
  for (let i = 0; i < 5; i += 1) links.taken("d1");
  pass(11 * 60_000);
  links.taken("d1");
  expect(waits()).toBe(5_000);
});

test("a clock that is set back shuts nobody out", () => {
  const { links, pass, waits } = newLinks();
  links.taken("d1");
  pass(-3_600_000);
  expect(waits()).toBe(0);
});
