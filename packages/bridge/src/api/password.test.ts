import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "./password.ts";

test("a password fits its own hash and no other does", async () => {
  const hash = await hashPassword("open sesame");
  expect(await verifyPassword("open sesame", hash)).toBe(true);
  expect(await verifyPassword("open sesam", hash)).toBe(false);
  expect(hash).not.toContain("sesame");
});

test("two hashes of one password differ", async () => {
  expect(await hashPassword("open sesame")).not.toBe(await hashPassword("open sesame"));
});

test("no password fits a user who is not there", async () => {
  expect(await verifyPassword("", null)).toBe(false);
});

test.each(["", "plain", "scrypt:16384:8:5", "bcrypt:16384:8:5:AAAA:AAAA"])(
  "no password fits the hash '%s'",
  async (hash) => {
    expect(await verifyPassword("", hash)).toBe(false);
  },
);
