/**
 * A hub as the engine sees it: twins with versions, etags and dated metadata, a registry, a stream of events; and weather:
 * answers that are lost before or after the write, throttling, outages, delays. It remembers every write of every leaf.
 */
import type { Json, JsonObject } from "../../core/json.ts";
import { fail, succeed, type Result } from "../../core/failure.ts";
import type { HubDevice, HubDeviceWithKeys, TwinHub, TwinSectionView, TwinView } from "../../core/twin-hub.ts";
import type { Dice } from "../../delivery/testing/dice.ts";
import type { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { entry, isObject } from "../document/json-values.ts";
import { mergePatch } from "../document/merge-patch.ts";
import { changedLeaves, leavesOf, pathText } from "../document/paths.ts";

export type Writer = "bridge" | "service" | "device";
export type Kind = "desired" | "reported" | "telemetry";

/** One leaf as it was written; `undefined`: removed. */
export interface LeafWrite {
  readonly path: string;
  readonly value: Json | undefined;
  readonly at: number;
  readonly kind: Kind;
  readonly by: Writer;
}

export type HubNews =
  | {
      readonly kind: "telemetry";
      readonly deviceId: string;
      readonly body: JsonObject;
      readonly at: number;
      readonly sequenceNumber: number;
    }
  | {
      readonly kind: "desired" | "reported";
      readonly deviceId: string;
      readonly whole: boolean;
      readonly generationId: string;
      readonly section: JsonObject;
      readonly at: number;
    };

interface Section {
  version: number;
  properties: JsonObject;
  metadata: JsonObject;
}

interface SimulatedDevice {
  readonly deviceId: string;
  readonly generationId: string;
  version: number;
  readonly desired: Section;
  readonly reported: Section;
}

export interface Weather {
  outage: boolean;
  /** Chances of each call. */
  lostBefore: number;
  lostAfter: number;
  throttled: number;
  slow: number;
}

export class SimulatedHub {
  readonly weather: Weather = { outage: false, lostBefore: 0, lostAfter: 0, throttled: 0, slow: 0 };
  readonly writes: Map<string, LeafWrite[]> = new Map();
  readonly messages: Map<string, { readonly messageId: string; readonly body: JsonObject }[]> = new Map();
  /** Desired and reported patches of the bridge that landed, by device. */
  readonly pushes: Map<string, number> = new Map();
  /** Desired patches that came without an etag, although none with one had been refused since the last that landed. */
  readonly unguarded: Map<string, number> = new Map();
  /** Answers of writes that the bridge never got. */
  readonly unanswered: Map<string, number> = new Map();
  onNews: (news: HubNews) => void = () => undefined;
  readonly #devices = new Map<string, SimulatedDevice>();
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #skewMs: number;
  readonly #trace: (...what: unknown[]) => void;
  /** Each version of each section, by device and by who it was. */
  readonly #history = new Map<string, JsonObject>();
  readonly #refused = new Map<string, number>();
  #generations = 0;
  #sequence = 0;

  constructor({
    clock,
    dice,
    skewMs,
    trace,
  }: {
    readonly clock: VirtualClock;
    readonly dice: Dice;
    readonly skewMs: number;
    readonly trace: (...what: unknown[]) => void;
  }) {
    this.#trace = trace;
    this.#clock = clock;
    this.#dice = dice;
    this.#skewMs = skewMs;
  }

  now(): number {
    return this.#clock.now() + this.#skewMs;
  }

  has(deviceId: string): boolean {
    return this.#devices.has(deviceId);
  }

  create(deviceId: string): HubDevice {
    this.#generations += 1;
    const section = (): Section => ({ version: 1, properties: {}, metadata: {} });
    const device = {
      deviceId,
      generationId: `g${this.#generations}`,
      version: 2,
      desired: section(),
      reported: section(),
    };
    this.#devices.set(deviceId, device);
    return registered(device);
  }

  delete(deviceId: string): void {
    this.#devices.delete(deviceId);
  }

  view(deviceId: string): TwinView | null {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return null;
    const { desired, reported, version } = device;
    const shown = ({ properties, metadata, version: at }: Section): TwinSectionView => ({
      properties,
      metadata,
      version: at,
    });
    const { generationId: _, ...rest } = registered(device);
    return { ...rest, etag: `e${version}`, version, desired: shown(desired), reported: shown(reported) };
  }

  /** What a section was at a version; `undefined`: that has never been. */
  sectionAt(of: Named, kind: "desired" | "reported", version: number): JsonObject | undefined {
    return version === 1 ? {} : this.#history.get(versionName(of, kind, version));
  }

  device(deviceId: string): HubDevice | null {
    const device = this.#devices.get(deviceId);
    return device === undefined ? null : registered(device);
  }

  /** Writes into a section and tells the stream. */
  write(
    deviceId: string,
    kind: "desired" | "reported",
    patch: JsonObject,
    { by, whole = false }: { by: Writer; whole?: boolean },
  ): void {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return;
    const at = this.now();
    const section = device[kind];
    const before = section.properties;
    section.properties = whole ? mergePatch({}, patch) : mergePatch(before, patch);
    section.version += 1;
    this.#history.set(versionName(device, kind, section.version), section.properties);
    section.metadata = dated(whole ? undefined : section.metadata, section.properties, patch, at);
    device.version += 1;
    const written = changedLeaves(before, section.properties).map(([path, value]) => [pathText(path), value] as const);
    for (const [path, value] of written) this.#note(deviceId, { path, value, at, kind, by });
    this.onNews({
      kind,
      deviceId,
      whole,
      generationId: device.generationId,
      at,
      section: { ...patch, $version: section.version, $metadata: dated(undefined, section.properties, patch, at) },
    });
  }

  /** What it takes the place of and does not name is gone, known or not. */
  telemetry(deviceId: string, body: JsonObject, replaced: readonly string[]): void {
    if (!this.#devices.has(deviceId)) return;
    const at = this.now();
    this.#sequence += 1;
    const named = leavesOf(body);
    for (const path of replaced) {
      if (!named.has(path)) this.#note(deviceId, { path, value: undefined, at, kind: "telemetry", by: "device" });
    }
    for (const [path, value] of named) {
      this.#note(deviceId, { path, value: value ?? undefined, at, kind: "telemetry", by: "device" });
      if (value !== null) continue;
      for (const below of this.#knownBelow(deviceId, path)) {
        this.#note(deviceId, { path: below, value: undefined, at, kind: "telemetry", by: "device" });
      }
    }
    this.onNews({ kind: "telemetry", deviceId, body, at, sequenceNumber: this.#sequence });
  }

  /** As one life of the bridge has it. */
  client(isAlive: () => boolean): TwinHub {
    const call = <T>(deviceId: string, isWrite: boolean, work: () => T): Promise<Result<T>> =>
      this.#call(isAlive, deviceId, isWrite, work);
    const never = (): never => {
      throw new Error("not simulated");
    };
    return {
      createDevice: (id) =>
        call(id, true, () =>
          this.has(id)
            ? "exists"
            : ({
                ...this.create(id),
                primaryKey: "",
                secondaryKey: "",
                connectionString: "",
              } satisfies HubDeviceWithKeys),
        ),
      device: (id) => call(id, false, () => this.device(id)),
      twin: (id) =>
        call(id, false, () => {
          this.#trace("read", id);
          return this.view(id);
        }),
      patchDesired: (id, patch, etag) =>
        call(id, true, () => {
          const view = this.view(id);
          if (view === null) return null;
          this.#trace("push", id, patch, etag, view.etag);
          if (etag !== null && etag !== view.etag) {
            count(this.#refused, id);
            return "changed";
          }
          if (etag === null && !this.#refused.has(id)) count(this.unguarded, id);
          this.#refused.delete(id);
          count(this.pushes, id);
          this.write(id, "desired", patch, { by: "bridge" });
          return this.view(id);
        }),
      report: (id, patch) =>
        call(id, true, () => {
          if (!this.has(id)) return null;
          count(this.pushes, id);
          this.write(id, "reported", patch, { by: "bridge" });
          return this.view(id)?.reported.version ?? null;
        }),
      sendToDevice: (id, { messageId, body }) =>
        call(id, true, () => {
          const message = { messageId, body: JSON.parse(body.toString()) as JsonObject };
          this.messages.set(id, [...(this.messages.get(id) ?? []), message]);
          return null;
        }),
      updateDevice: never,
      deleteDevice: never,
      glance: never,
      glanceAt: never,
      twins: never,
      read: never,
      renew: never,
      close: async () => undefined,
    };
  }

  async #call<T>(isAlive: () => boolean, deviceId: string, isWrite: boolean, work: () => T): Promise<Result<T>> {
    const { outage, lostBefore, lostAfter, throttled, slow } = this.weather;
    const dice = this.#dice;
    await this.#clock.wait(dice.int(20) + (dice.chance(slow) ? dice.int(3_000) : 0));
    if (!isAlive() && dice.chance(0.5)) return new Promise(() => undefined);
    if (outage) return fail("hub_unreachable", "The hub is away.");
    if (dice.chance(throttled)) return fail("throttled", "Too much.");
    if (dice.chance(lostBefore)) return this.#timeout();
    const value = work();
    if (isWrite && dice.chance(lostAfter)) {
      count(this.unanswered, deviceId);
      return this.#timeout();
    }
    await this.#clock.wait(dice.int(20) + (dice.chance(slow) ? dice.int(3_000) : 0));
    if (isAlive()) return succeed(value);
    if (isWrite) count(this.unanswered, deviceId);
    return new Promise(() => undefined);
  }

  async #timeout(): Promise<{ ok: false; failure: ReturnType<typeof fail>["failure"] }> {
    await this.#clock.wait(2_000);
    return fail("outcome_unknown", "No answer.");
  }

  #knownBelow(deviceId: string, path: string): Set<string> {
    return new Set([...this.#known(deviceId)].filter((other) => other.startsWith(`${path}.`)));
  }

  #known(deviceId: string): Set<string> {
    return new Set((this.writes.get(deviceId) ?? []).map((write) => write.path));
  }

  #note(deviceId: string, write: LeafWrite): void {
    const known = this.writes.get(deviceId);
    if (known === undefined) this.writes.set(deviceId, [write]);
    else known.push(write);
  }
}

type Named = Pick<SimulatedDevice, "deviceId" | "generationId">;

function versionName({ deviceId, generationId }: Named, kind: Kind, version: number): string {
  return [deviceId, generationId, kind, version].join(" ");
}

function registered({ deviceId, generationId }: SimulatedDevice): HubDevice {
  return { deviceId, generationId, status: "enabled", connectionState: "connected", lastActivity: null };
}

function dated(current: Json | undefined, values: JsonObject, patch: JsonObject, at: number): JsonObject {
  const metadata = new Map<string, Json>(isObject(current) ? Object.entries(current) : []);
  metadata.set("$lastUpdated", new Date(at).toISOString());
  for (const [key, changed] of Object.entries(patch)) {
    const value = entry(values, key);
    if (value === undefined) metadata.delete(key);
    else if (!isObject(value)) metadata.set(key, dated(undefined, {}, {}, at));
    else metadata.set(key, dated(metadata.get(key), value, isObject(changed) ? changed : {}, at));
  }
  return Object.fromEntries(metadata);
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
