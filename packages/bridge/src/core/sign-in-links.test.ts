import { expect, test } from "vitest";
import { SignInLinks } from "./sign-in-links.ts";

function linksAt(): { readonly links: SignInLinks; readonly clock: { now: number } } {
  const clock = { now: 1_000_000 };
  return { links: new SignInLinks(() => clock.now), clock };
}

test("a link signs its account in, once", () => {
  const { links } = linksAt();
  const { code, path } = links.create("ada");
  expect(path).toBe(`/console/#sign-in=${code}`);
  expect(links.redeem(code)).toEqual({ kind: "redeemed", accountId: "ada", until: null });
  expect(links.redeem(code)).toEqual({ kind: "used" });
});

test("it is good for an hour and not longer", () => {
  const { links, clock } = linksAt();
  const [first, second] = [links.create("ada"), links.create("ada")];
  expect(first.expiresAt).toBe(clock.now + 3_600_000);
  clock.now += 3_599_999;
  expect(links.redeem(first.code).kind).toBe("redeemed");
  clock.now += 1;
  expect(links.redeem(second.code)).toEqual({ kind: "expired" });
});

test("a guess is nobody's", () => {
  expect(linksAt().links.redeem("0".repeat(40))).toEqual({ kind: "unknown" });
});

test("who asks for many links keeps the newest ten, and ends nobody else's", () => {
  const { links } = linksAt();
  const eves = links.create("eve");
  const adas = Array.from({ length: 12 }, () => links.create("ada"));
  expect(adas.map(({ code }) => links.redeem(code).kind)).toEqual([
    "unknown",
    "unknown",
    ...Array.from({ length: 10 }, () => "redeemed"),
  ]);
  expect(links.redeem(eves.code)).toEqual({ kind: "redeemed", accountId: "eve", until: null });
});
