/**
 * Four writers with leaves of their own in the same objects. Whatever order their writes are heard of in, and whatever objects
 * come and go thereby, each leaf ends as its only writer left it.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeviceState, StateChange } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import { desiredWritten } from "./hub-answer.ts";
import { takeMessages, takeSectionPatch, takeTwin, type SectionPatch, type Telemetry } from "./hub-change.ts";
import { isObject } from "./json-values.ts";
import { leavesOf } from "./paths.ts";
import { emptyState, writeState } from "./writing.ts";

const WRITERS = ["telemetry", "reported", "service", "api"] as const;
type Writer = (typeof WRITERS)[number];

/** A write of one's own leaf, on one of two levels; `null` removes it. Or how the bridge hears of what happened. */
type Step =
  | { readonly writer: Writer; readonly isDeep: boolean; readonly value: number | null }
  | { readonly heard: number }
  | "read"
  | "push";

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      writer: fc.constantFrom(...WRITERS),
      isDeep: fc.boolean(),
      value: fc.option(fc.integer({ min: 0, max: 99 }), { freq: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ heard: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.constantFrom("read" as const, "push" as const) },
);

/** A hub with one device, and a bridge that hears of it. */
class World {
  record: DeviceState = {
    ...emptyState({ deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" }),
    desired: { properties: {}, version: 1, pending: null },
    reported: { properties: {}, version: 1, pending: null },
  };
  readonly last = new Map<string, number | null>();
  readonly #sections = {
    desired: { properties: {} as JsonObject, version: 1, metadata: {} as JsonObject },
    reported: { properties: {} as JsonObject, version: 1, metadata: {} as JsonObject },
  };
  #unheard: (Telemetry | SectionPatch)[] = [];
  #now = 1_000;

  do(step: Step): void {
    this.#now += 10;
    if (step === "read") this.#take(takeTwin(this.record, this.#view(), this.#judging()));
    else if (step === "push") this.#push();
    else if ("heard" in step) this.#hear(step.heard);
    else this.#write(step);
  }

  end(): void {
    for (let i = 0; i < 3; i += 1) for (const step of [{ heard: 1_000 }, "push", "read"] as const) this.do(step);
  }

  #write({ writer, isDeep, value }: Extract<Step, { writer: Writer }>): void {
    const patch: JsonObject = { a: isDeep ? { b: { [writer]: value } } : { [writer]: value } };
    this.last.set(`a.${isDeep ? "b." : ""}${writer}`, value);
    if (writer === "telemetry") {
      this.#unheard.push({ body: patch, at: this.#now, sequenceNumber: this.#now });
    } else if (writer === "api") {
      const written = writeState(this.record, { kind: "merge", patch }, { at: this.#now });
      if (written.ok) this.#take(written.change);
    } else this.#writeSection(writer === "service" ? "desired" : "reported", patch);
  }

  #writeSection(side: "desired" | "reported", properties: JsonObject): void {
    const section = this.#sections[side];
    section.properties = merged(section.properties, properties);
    section.metadata = dated(section.metadata, properties, new Date(this.#now).toISOString());
    section.version += 1;
    const { version, metadata } = section;
    this.#unheard.push({ side, kind: "patch", properties, version, metadata, at: this.#now });
  }

  #push(): void {
    const patch = this.record.desired.pending;
    if (patch === null) return;
    this.#take(takeTwin(this.record, this.#view(), this.#judging()));
    this.#writeSection("desired", patch);
    this.#take(desiredWritten(this.record, { patch, view: this.#view() }, this.#judging()));
  }

  /** As the inbox does: of what was read at once the messages first. */
  #hear(count: number): void {
    const heard = this.#unheard.splice(0, count);
    const messages = heard.filter((one) => "body" in one);
    if (messages.length > 0) {
      this.#take(takeMessages(this.record, messages, { ...this.#judging(), mode: "merge" }).change);
    }
    for (const one of heard) {
      if ("body" in one) continue;
      const change = takeSectionPatch(this.record, one, this.#judging());
      this.#take(change === "gap" ? takeTwin(this.record, this.#view(), this.#judging()) : change);
    }
  }

  #take(change: StateChange | null): void {
    if (change !== null) this.record = change.next;
  }

  #judging(): { readonly rule: "newest"; readonly now: number } {
    return { rule: "newest", now: this.#now };
  }

  #view(): TwinView {
    const { desired, reported } = structuredClone(this.#sections);
    const standing = { status: "enabled", connectionState: "connected", lastActivity: null } as const;
    const etag = `"${desired.version} ${reported.version}"`;
    return { deviceId: "t", etag, version: desired.version + reported.version, desired, reported, ...standing };
  }
}

/** As twins merge: an object that has lost its last leaf stays. */
function merged(before: JsonObject, patch: JsonObject): JsonObject {
  const after: Record<string, JsonObject[string]> = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    const inner = after[key];
    if (value === null) delete after[key];
    else after[key] = isObject(value) ? merged(isObject(inner) ? inner : {}, value) : value;
  }
  return after;
}

function dated(before: JsonObject, patch: JsonObject, date: string): JsonObject {
  const after: Record<string, JsonObject[string]> = { ...before, $lastUpdated: date };
  for (const [key, value] of Object.entries(patch)) {
    const inner = after[key];
    if (value === null) delete after[key];
    else after[key] = dated(isObject(inner) ? inner : {}, isObject(value) ? value : {}, date);
  }
  return after;
}

/** The same orders each time, so that nothing fails by chance; more and others by hand. */
const SEED = Number(process.env["ISTHMUS_SIM_FROM"] ?? 1);
const RUNS = Number(process.env["ISTHMUS_SIM_RUNS"] ?? 1_000);

test(
  `${RUNS} orders of writing and hearing: each leaf ends as its only writer left it, without conflicts`,
  { timeout: 60_000 + RUNS * 60 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World();
        for (const one of steps) world.do(one);
        world.end();
        const { state, desired, conflicts } = world.record;
        const left = [...world.last].filter(([, value]) => value !== null);
        expect(valuesOf(state)).toEqual(Object.fromEntries(left));
        const wished = left.filter(([path]) => /api|service/.test(path));
        expect(valuesOf(desired.properties)).toEqual(Object.fromEntries(wished));
        expect([desired.pending, conflicts]).toEqual([null, 0]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  },
);

const said = (value: number | null): Step => ({ writer: "telemetry", isDeep: false, value });
const reported = (value: number | null): Step => ({ writer: "reported", isDeep: false, value });
const wished = (value: number | null): Step => ({ writer: "api", isDeep: false, value });

test("what empties an object does not keep out what came into it before a later report of something else in it", () => {
  const world = new World();
  for (const one of [said(1), reported(1), { heard: 2 }, said(null), said(5), reported(null), "read"] as const)
    world.do(one);
  world.do({ heard: 3 });
  expect(world.record.state).toEqual({ a: { telemetry: 5 } });
});

test("a message about an object that a removal has emptied here takes nothing back of the removal", () => {
  const world = new World();
  for (const one of [wished(0), "push", wished(null), said(0), { heard: 9 }, "push"] as const) world.do(one);
  expect(world.record.state).toEqual({ a: { telemetry: 0 } });
  expect(valuesOf(world.record.desired.properties)).toEqual({});
  expect(world.record.conflicts).toBe(0);
});

function valuesOf(document: JsonObject): Record<string, unknown> {
  const leaves = [...leavesOf(document)].filter(([, value]) => !isObject(value));
  return Object.fromEntries(leaves.map(([path, value]) => [path, value]));
}
