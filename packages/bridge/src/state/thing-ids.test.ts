import { expect, test } from "vitest";
import { ThingIds, thingIdTime } from "./thing-ids.ts";

test("an id is the time since Para's epoch, the worker and a number within the millisecond", () => {
  const ids = new ThingIds({ now: () => 1_468_601_996_263, worker: 1 });
  // The example of Para's own documents.
  expect(ids.next()).toBe("664870213421895680");
  expect(ids.next()).toBe("664870213421895681");
  expect(thingIdTime("664870213421895680")).toBe(1_468_601_996_263);
});

test("ids grow and never repeat, whatever the clock does and however many are made at once", () => {
  let now = 1_760_443_200_000;
  const ids = new ThingIds({ now: () => now, worker: 31 });
  const made: bigint[] = [];
  for (const step of [0, 0, 1, -3_600_000, 0, 2]) {
    now += step;
    for (let i = 0; i < 5_000; i++) made.push(BigInt(ids.next()));
  }
  expect(made.every((id, i) => i === 0 || id > made[i - 1]!)).toBe(true);
});

test("what is no such id has no time, and a worker that does not fit is refused", () => {
  for (const text of ["", "a", "0", "-1", "1.5", "12345678901234567890"]) expect(thingIdTime(text)).toBeNull();
  expect(() => new ThingIds({ now: () => 0, worker: 32 })).toThrow(RangeError);
});
