import { expect, test } from "vitest";
import { Interrupts } from "./interrupts.ts";

test("Ctrl-C ends a command at once", () => {
  const said: string[] = [];
  const interrupts = new Interrupts((text) => void said.push(text));
  interrupts.came();
  expect(interrupts.signal.aborted).toBe(true);
  expect(said).toEqual([]);
});

test("work that is not to be cut off is asked to end, and ended by the second Ctrl-C", async () => {
  const said: string[] = [];
  const interrupts = new Interrupts((text) => void said.push(text));
  await interrupts.gently(async (asked) => {
    interrupts.came();
    expect([asked.aborted, interrupts.signal.aborted]).toEqual([true, false]);
    expect(said.join("")).toContain("Ctrl-C again stops at once");
    interrupts.came();
    expect(interrupts.signal.aborted).toBe(true);
  });
  expect(said).toHaveLength(1);
});

test("after such work Ctrl-C ends at once again", async () => {
  const interrupts = new Interrupts(() => undefined);
  expect(await interrupts.gently(async () => "done")).toBe("done");
  interrupts.came();
  expect(interrupts.signal.aborted).toBe(true);
});
