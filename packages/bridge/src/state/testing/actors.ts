/** Who writes in a simulated world: clients of the API, devices, other services, and those who delete and make devices. */
import type { Json, JsonObject } from "../../core/json.ts";
import { saidByDevice } from "../../core/said-by-device.ts";
import type { StateWrite, StateWritten } from "../../core/state-control.ts";
import { withLeaf } from "../document/paths.ts";
import { writeState } from "../document/writing.ts";
import type { LocalWrite, Origin } from "./origins.ts";
import type { World } from "./world.ts";
import { brokenAnswer } from "./write-promises.ts";

export class Actors {
  readonly #world: World;
  /** What clients have read of devices a while ago. */
  readonly #read = new Map<string, JsonObject>();

  constructor(world: World) {
    this.#world = world;
  }

  writeFromApi(): void {
    const { dice, devices, trace, engine } = this.#world;
    const device = dice.pick(devices);
    const { note, write } = this.#drawWrite(device.id);
    trace("api", device.id, write);
    this.#expect(note, write, engine.write(device, write, 0));
  }

  /** As Things do it: with a record of theirs, and refused when the state is another one than the client has seen. */
  writeBeside(): void {
    const { dice, devices, trace, engine, states, clock, settings } = this.#world;
    const { id } = dice.pick(devices);
    const before = states.row(id);
    if (before === null) return;
    const { note, write } = this.#drawWrite(id);
    const written = writeState(before, write, { at: clock.now(), message: settings.cloudToDevice });
    trace("beside", id, write, written.ok);
    const saved = async (): Promise<StateWritten> => {
      if (!written.ok) return { kind: "fault", fault: written.fault };
      if (written.change === null) return { kind: "written", state: before };
      const stale = await states.port(() => true).saveStates([written.change]);
      if (stale.length > 0) return { kind: "fault", fault: { path: "", message: "412" } };
      void engine.pushSoon(id, 0);
      return { kind: "written", state: written.change.next };
    };
    this.#expect(note, write, saved(), true);
  }

  writeFromDevice(): void {
    const { dice, devices, paths, hub, trace, engine, clock, lastTelemetry, settings } = this.#world;
    const device = dice.pick(devices);
    const { id } = device;
    const path = dice.pick(paths);
    const by = id.startsWith("b") ? "report" : dice.chance(0.5) ? "reported" : "telemetry";
    const value = this.#value(by);
    const patch = withLeaf({}, path.split("."), value ?? null);
    if (by === "reported") return hub.write(id, by, patch, { by: "device" });
    if (by === "telemetry") {
      lastTelemetry.set(id, patch);
      return hub.telemetry(id, patch, settings.telemetry === "replace" ? paths : []);
    }
    trace("device reports", id, patch);
    const note: LocalWrite = { deviceId: id, at: clock.now(), kind: by, path, value, answeredAt: null };
    this.#expect(note, null, engine.report(device, patch));
  }

  writeFromService(): void {
    const { dice, devices, paths, hub } = this.#world;
    const { id } = dice.pick(devices);
    const patch = withLeaf({}, dice.pick(paths).split("."), this.#value("service") ?? null);
    hub.write(id, "desired", patch, { by: "service", whole: dice.chance(0.1) });
  }

  /** Somebody deletes the device in the hub, and maybe makes it anew. */
  meddleWithDevice(): void {
    const { dice, devices, meddled, hub, deleted } = this.#world;
    const { id } = dice.pick(devices);
    meddled.add(id);
    hub.delete(id);
    if (!deleted.has(id) && dice.chance(0.5)) hub.create(id);
  }

  /** A Thing is deleted here, and then in the hub. Whatever is under way for it must not make it again. */
  deleteDevice(): void {
    const { dice, devices, deleted, trace, states, hub } = this.#world;
    const things = devices.filter(({ id }) => id.startsWith("t") && !deleted.has(id));
    if (things.length < 2) return;
    const { id } = dice.pick(things);
    trace("deleted", id);
    deleted.add(id);
    states.forget(id);
    hub.delete(id);
  }

  #drawWrite(deviceId: string): { note: LocalWrite; write: StateWrite } {
    const { dice, paths, clock, states, origins } = this.#world;
    const path = dice.pick(paths);
    const keys = path.split(".");
    const kind = dice.chance(0.6) ? "merge" : "replace";
    const value = kind === "merge" ? this.#value("api") : origins.next("api");
    const note = { deviceId, at: clock.now(), kind, path, value, answeredAt: null } as const;
    if (kind === "merge") return { note, write: { kind, patch: withLeaf({}, keys, value ?? null) } };
    const record = states.row(deviceId);
    if (record === null || dice.chance(0.5)) return { note, write: { kind, state: withLeaf({}, keys, value!) } };
    // A client that read the whole some time ago changes one thing and sends all back.
    if (!this.#read.has(deviceId) || dice.chance(0.5)) this.#read.set(deviceId, saidByDevice(record));
    const seen = this.#read.get(deviceId)!;
    return { note, write: { kind, state: withLeaf(seen, keys, value!), seen } };
  }

  #expect(note: LocalWrite, write: StateWrite | null, answer: Promise<StateWritten>, mayRefuse = false): void {
    const { life, states, localWrites, clock, origins, deleted, unexpected } = this.#world;
    const before = states.row(note.deviceId);
    localWrites.push(note);
    void answer.then(
      (answered) => {
        if (answered.kind === "written") {
          note.answeredAt = clock.now();
          unexpected.push(...brokenAnswer({ note, write, before, after: answered.state, origins }));
        } else if (mayRefuse || deleted.has(note.deviceId)) localWrites.splice(localWrites.indexOf(note), 1);
        else unexpected.push(`A write was refused: ${answered.fault.message}`);
      },
      (error: unknown) => this.#world.life === life && unexpected.push(`A write failed: ${String(error)}`),
    );
  }

  /** One that nobody has used; `undefined`: removed. */
  #value(origin: Origin): Json | undefined {
    const { dice, origins } = this.#world;
    return dice.chance(0.2) ? undefined : origins.next(origin);
  }
}
