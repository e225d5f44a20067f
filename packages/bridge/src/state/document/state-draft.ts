/** A device's state while it is being changed. What is finished is the next record, or the former one if nothing changed. */
import type {
  ConflictRule,
  DeviceState,
  MirroredSection,
  StateChange,
  StateConflict,
  StateSource,
  StateTrouble,
} from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { sameJson } from "./json-values.ts";
import { Edits } from "./edits.ts";
import { leafAt, leavesAlong, pathText, type Path } from "./paths.ts";
import { isPending, settlePending, withdrawPending } from "./pending.ts";
import { boundedStamps, LAST_TELEMETRY, printsWith, type Stamp } from "./stamps.ts";

export type Side = "desired" | "reported";

/** By what a change is judged. */
export interface Judging {
  readonly rule: ConflictRule;
  /** Unix milliseconds. */
  readonly now: number;
}

export class StateDraft {
  readonly #before: DeviceState;
  readonly #judging: Judging;
  readonly #stamps: Map<string, Stamp>;
  readonly #conflicts: StateConflict[] = [];
  readonly #edits = new Edits();
  #next: DeviceState;

  constructor(before: DeviceState, judging: Judging) {
    this.#before = before;
    this.#judging = judging;
    this.#next = before;
    this.#stamps = new Map(Object.entries(before.stamps));
  }

  get rule(): ConflictRule {
    return this.#judging.rule;
  }

  get now(): number {
    return this.#judging.now;
  }

  get record(): DeviceState {
    return this.#next;
  }

  stamp(path: string): Stamp | undefined {
    return this.#stamps.get(path);
  }

  /** Paths that have a stamp. */
  stamped(): string[] {
    return [...this.#stamps.keys()].filter((path) => path !== LAST_TELEMETRY);
  }

  setStamp(path: string, stamp: Stamp): void {
    this.#stamps.set(path, stamp);
  }

  update(change: Partial<DeviceState>): void {
    this.#next = { ...this.#next, ...change };
  }

  updateSection(side: Side, change: Partial<MirroredSection>): void {
    this.update({ [side]: { ...this.#next[side], ...change } });
  }

  /** With the source of the present value: whether that value waits, and not an earlier one for the other side. */
  isPending(path: Path, source?: StateSource): boolean {
    const { desired, reported } = this.#next;
    return (
      (source !== "device" && isPending(desired.pending, path)) ||
      (source !== "api" && isPending(reported.pending, path))
    );
  }

  /** Sets or removes a leaf and stamps all that is gone or there thereby. */
  write(path: Path, value: Json | undefined, at: number, source: StateSource): void {
    const before = this.#next.state;
    const others = leavesAlong(before, path);
    const state = value === undefined ? this.#edits.remove(before, path) : this.#edits.set(before, path, value);
    for (const [other] of others) {
      if (leafAt(state, other) === undefined) this.#restamp(pathText(other), at, source);
    }
    this.#restamp(pathText(path), at, source);
    this.update({ state });
  }

  /** What is wished here for this path is not written any more: the other side has won. What the device said is its word still. */
  withdraw(path: Path): void {
    this.keepPrints(path);
    const { desired } = this.#next;
    if (!isPending(desired.pending, path)) return;
    this.updateSection("desired", { pending: withdrawPending(desired, path, this.#edits) });
  }

  /** What waits for this path may be on its way. It is to be known as ours when the hub shows it after another was written. */
  keepPrints(path: Path): void {
    for (const [leaf, value] of leavesAlong(this.#next.desired.pending ?? {}, path)) {
      if (leaf.length >= path.length || value !== null) this.#keepPrint(leaf, value ?? undefined);
      if (leaf.length !== path.length) this.#keepPrint(path, undefined);
    }
  }

  /** The desired section has moved on: what was on its way is there, or will never be. */
  forgetPrints(): void {
    for (const text of this.stamped()) {
      const [at, source, ...prints] = this.#stamps.get(text)!;
      if (prints.length > 0) this.#stamps.set(text, [at, source]);
    }
  }

  /** The section has this now, because it was written there. */
  settle(side: Side, written: JsonObject): void {
    this.updateSection(side, { pending: settlePending(this.#next[side].pending, written, this.#edits) });
  }

  conflict(conflict: Omit<StateConflict, "deviceId" | "at" | "rule">): void {
    const { deviceId } = this.#next;
    this.#conflicts.push({ deviceId, at: this.now, rule: this.rule, ...conflict });
  }

  /** `null`: nothing has changed. */
  finish(): StateChange | null {
    const { now } = this;
    const before = this.#before;
    const { connectionId, desired, reported, messageFor } = this.#next;
    const waits =
      connectionId !== null && (desired.pending !== null || reported.pending !== null || messageFor !== null);
    const stamps = boundedStamps(Object.fromEntries(this.#stamps), this.#next.state, now);
    const changed = !sameJson(before.state, this.#next.state);
    const next: DeviceState = {
      ...this.#next,
      stamps,
      pendingSince: waits ? (before.pendingSince ?? now) : null,
      trouble: waits ? this.#trouble() : null,
      conflicts: before.conflicts + this.#conflicts.length,
      changedAt: changed ? now : before.changedAt,
    };
    if (sameJson(before as unknown as Json, next as unknown as Json)) return null;
    return { next: { ...next, revision: before.revision + 1 }, conflicts: this.#conflicts };
  }

  /** What was in the way of something else is no reason to let what is new wait for the next try. */
  #trouble(): StateTrouble | null {
    const { trouble } = this.#next;
    const isNew = (["desired", "reported"] as const).some((side) => {
      const { pending } = this.#next[side];
      return pending !== null && !sameJson(this.#before[side].pending, pending);
    });
    return trouble === null || !isNew ? trouble : { ...trouble, retryAt: Math.min(trouble.retryAt, this.now) };
  }

  #restamp(path: string, at: number, source: StateSource): void {
    const prints = this.#stamps.get(path)?.slice(2) ?? [];
    this.#stamps.set(path, [at, source, ...prints]);
  }

  #keepPrint(path: Path, value: Json | undefined): void {
    const text = pathText(path);
    const stamp = this.#stamps.get(text);
    this.#stamps.set(text, [stamp?.[0] ?? 0, stamp?.[1] ?? "api", ...printsWith(stamp, value)]);
  }
}
