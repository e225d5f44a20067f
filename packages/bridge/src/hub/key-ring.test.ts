import { parseSharedAccessSignature, verifySignature } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { KeyRing } from "./key-ring.ts";
import type { KeyToken } from "./key-ring.ts";

const [ONE, TWO, THREE] = [1, 2, 3].map((n) => Buffer.alloc(32, n).toString("base64")) as [string, string, string];
const CONNECTION = { id: "c", hostName: "h", policyName: "p", policyKey: ONE, secondaryKey: TWO, entra: null };

function makeRing(change: Partial<typeof CONNECTION> | { secondaryKey: null } = {}) {
  const clock = { now: 1_700_000_000_000 };
  const changes: string[] = [];
  const connection = { ...CONNECTION, ...change };
  const ring = new KeyRing({ connection, now: () => clock.now, onChange: (key) => changes.push(key) });
  return { ring, clock, changes };
}

function isSignedWith({ text }: KeyToken, key: string): boolean {
  return verifySignature(parseSharedAccessSignature(text)!, key, "base64");
}

test("the first key signs until it is refused, then the second one", () => {
  const { ring, changes } = makeRing();
  const first = ring.token("h");
  expect(isSignedWith(first, ONE)).toBe(true);
  expect(ring.refused(first)).toBe(true);
  expect(ring.inUse).toBe("secondary");
  expect(isSignedWith(ring.token("h"), TWO)).toBe(true);
  expect(changes).toEqual(["secondary"]);
});

test("when both are refused nothing is worth a try, until a while has passed", () => {
  const { ring, clock } = makeRing();
  ring.refused(ring.token("h"));
  expect(ring.refused(ring.token("h"))).toBe(false);
  expect(ring.inUse).toBe("secondary");
  clock.now += 6_000;
  expect(ring.refused(ring.token("h"))).toBe(true);
  expect(ring.inUse).toBe("primary");
});

test("one key alone is never exchanged", () => {
  const { ring, changes } = makeRing({ secondaryKey: null });
  expect(ring.otherToken("h")).toBeNull();
  expect(ring.refused(ring.token("h"))).toBe(false);
  expect(ring.inUse).toBe("primary");
  expect(changes).toEqual([]);
});

test("many connections that are refused at once exchange the key once", () => {
  const { ring, changes } = makeRing();
  const tokens = Array.from({ length: 20 }, () => ring.token("h"));
  expect(tokens.map((token) => ring.refused(token))).toEqual(tokens.map(() => true));
  expect(changes).toEqual(["secondary"]);
});

test("the first key comes back when the hub takes it again", () => {
  const { ring, changes } = makeRing();
  ring.refused(ring.token("h"));
  ring.prefer(ring.otherToken("h")!);
  expect(ring.inUse).toBe("primary");
  expect(changes).toEqual(["secondary", "primary"]);
});

test("new keys count at once, and what is still said of the old ones changes nothing", () => {
  const { ring } = makeRing({ secondaryKey: null });
  const old = ring.token("h");
  ring.refused(old);
  ring.replace({ ...CONNECTION, policyKey: THREE });
  expect(isSignedWith(ring.token("h"), THREE)).toBe(true);
  expect(ring.isCurrent(old)).toBe(false);
  expect(ring.refused(old)).toBe(true);
  ring.prefer(old);
  expect(ring.inUse).toBe("primary");
  expect(isSignedWith(ring.token("h"), THREE)).toBe(true);
});
