import { expect, test } from "vitest";
import type { EntraToken } from "./entra-credential.ts";
import { EntraTokens } from "./entra-tokens.ts";

const HOUR = 3_600_000;

function start() {
  const world = { now: 0, asked: 0, fails: false };
  const ask = async (): Promise<EntraToken> => {
    world.asked += 1;
    if (world.fails) throw new Error("ECONNREFUSED");
    return { text: `t${world.asked}`, expiresAt: world.now + HOUR };
  };
  return { world, tokens: new EntraTokens({ kind: "client_secret", ask, now: () => world.now }) };
}

test("a token is renewed ahead, without anybody waiting for it", async () => {
  const { world, tokens } = start();
  expect(await tokens.token()).toEqual({ ok: true, value: "t1" });
  world.now = HOUR - 11 * 60_000;
  expect(await tokens.token()).toEqual({ ok: true, value: "t1" });
  expect(world.asked).toBe(1);
  world.now = HOUR - 9 * 60_000;
  expect(await tokens.token()).toEqual({ ok: true, value: "t1" });
  await expect.poll(async () => (await tokens.token()).ok && world.asked).toBe(2);
  expect(await tokens.token()).toEqual({ ok: true, value: "t2" });
});

test("a renewal that fails costs nothing while the token is good, and is told when it ends", async () => {
  const { world, tokens } = start();
  await tokens.token();
  world.fails = true;
  world.now = HOUR - 5 * 60_000;
  expect(await tokens.token()).toEqual({ ok: true, value: "t1" });
  world.now = HOUR - 10_000;
  expect(await tokens.token()).toMatchObject({ ok: false, failure: { code: "entra_unreachable" } });
  world.fails = false;
  world.now += 20_000;
  expect(await tokens.token()).toMatchObject({ ok: true });
});

test("many who ask at once ask once", async () => {
  const { world, tokens } = start();
  await Promise.all(Array.from({ length: 50 }, () => tokens.token()));
  expect(world.asked).toBe(1);
});
