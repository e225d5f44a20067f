import { expect, test } from "vitest";
import type { Failure, FailureCode } from "../core/failure.ts";
import { Gate } from "./gate.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

function newGate(): { readonly gate: Gate; readonly clock: VirtualClock; readonly calls: number[] } {
  const clock = new VirtualClock();
  const calls: number[] = [];
  const gate = new Gate({ clock, random: () => 1, onPassable: () => calls.push(clock.elapsed()) });
  return { gate, clock, calls };
}

const failure = (code: FailureCode): Failure => ({ code, message: `The hub said ${code}.` });

test("an open gate lets everyone pass", () => {
  const { gate } = newGate();
  expect([gate.pass()?.probe, gate.pass()?.probe]).toEqual([false, false]);
  expect(gate.nextProbeAt).toBe(null);
});

test("a closed gate lets nobody pass until its wait is over, and then one", async () => {
  const { gate, clock, calls } = newGate();
  const pass = gate.pass()!;
  expect(gate.close(failure("throttled"), pass)).toBe(true);
  expect(gate.pass()).toBe(null);
  expect(gate.nextProbeAt).toBe(clock.now() + 1_000);
  await clock.advance(999);
  expect(gate.pass()).toBe(null);
  await clock.advance(1);
  expect(calls).toEqual([1_000]);
  expect(gate.pass()?.probe).toBe(true);
  expect(gate.pass()).toBe(null);
});

test("sends that were under way when the gate closed close it only once and do not lengthen the wait", async () => {
  const { gate, clock } = newGate();
  const passes = [gate.pass()!, gate.pass()!, gate.pass()!];
  expect(passes.map((pass) => gate.close(failure("hub_error"), pass))).toEqual([true, false, false]);
  await clock.advance(500);
  const probe = gate.pass()!;
  expect(gate.close(failure("hub_error"), passes[0]!)).toBe(false);
  expect(gate.opened(probe)?.code).toBe("hub_error");
});

test("a message that was taken before the trouble does not open the gate", () => {
  const { gate } = newGate();
  const early = gate.pass()!;
  gate.close(failure("quota_exceeded"), gate.pass()!);
  expect(gate.opened(early)).toBe(null);
  expect(gate.failure?.code).toBe("quota_exceeded");
});

test("the probe opens the gate for all, or closes it for longer", async () => {
  const { gate, clock, calls } = newGate();
  gate.close(failure("hub_unreachable"), gate.pass()!);
  await clock.advance(500);
  expect(gate.close(failure("hub_unreachable"), gate.pass()!)).toBe(false);
  await clock.advance(999);
  expect(gate.pass()).toBe(null);
  await clock.advance(1);
  expect(gate.opened(gate.pass()!)?.code).toBe("hub_unreachable");
  expect(calls).toEqual([500, 1_500, 1_500]);
  expect(gate.pass()?.probe).toBe(false);
  // The next trouble begins with the shortest wait again.
  gate.close(failure("hub_unreachable"), gate.pass()!);
  expect(gate.nextProbeAt).toBe(clock.now() + 500);
});

test("a probe that told nothing makes room for the next one", async () => {
  const { gate, clock } = newGate();
  gate.close(failure("throttled"), gate.pass()!);
  await clock.advance(1_000);
  const probe = gate.pass()!;
  gate.release(probe);
  const second = gate.pass();
  expect(second?.probe).toBe(true);
  // The first one has had its say.
  gate.release(probe);
  expect(gate.pass()).toBe(null);
  expect(gate.opened(probe)).toBe(null);
});

test("the machine's clock may be set back without keeping a hub waiting", async () => {
  const { gate, clock } = newGate();
  gate.close(failure("throttled"), gate.pass()!);
  clock.jump(-3_600_000);
  await clock.advance(1_000);
  expect(gate.pass()?.probe).toBe(true);
});

test("each trouble has its own wait: a quota's is minutes, an unreachable hub's less than a second", () => {
  const waits = (["quota_exceeded", "hub_unreachable", "key_refused"] as const).map((code) => {
    const { gate, clock } = newGate();
    gate.close(failure(code), gate.pass()!);
    return gate.nextProbeAt! - clock.now();
  });
  expect(waits).toEqual([15 * 60_000, 500, 60_000]);
});

test("a quota is asked after each quarter of an hour, and soon after the midnight at which it begins anew", () => {
  const waits = [60, 4].map((minutes) => {
    const { gate, clock } = newGate();
    gate.close({ ...failure("quota_exceeded"), notBefore: clock.now() + minutes * 60_000 }, gate.pass()!);
    return gate.nextProbeAt! - clock.now();
  });
  expect(waits).toEqual([15 * 60_000, 4 * 60_000 + 30_000]);
});

test("a target's wish to be left alone is obeyed, for an hour at most", () => {
  const waits = [20_000, 86_400_000].map((wish) => {
    const { gate, clock } = newGate();
    gate.close({ ...failure("throttled"), notBefore: clock.now() + wish }, gate.pass()!);
    return gate.nextProbeAt! - clock.now();
  });
  expect(waits).toEqual([20_000, 3_600_000]);
});

test("what was mended is tried at once, and its back-off begins anew", async () => {
  const { gate, clock, calls } = newGate();
  gate.close(failure("key_refused"), gate.pass()!);
  gate.probeNow();
  expect(calls).toEqual([0]);
  const probe = gate.pass()!;
  expect(probe.probe).toBe(true);
  gate.probeNow();
  expect(gate.pass()).toBe(null);
  gate.close(failure("hub_unreachable"), probe);
  expect(gate.nextProbeAt).toBe(clock.now() + 500);
  await clock.advance(500);
  expect(gate.opened(gate.pass()!)?.code).toBe("hub_unreachable");
  gate.probeNow();
  expect(gate.nextProbeAt).toBe(null);
});
