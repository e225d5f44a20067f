/**
 * Writes to one hub what waits for it: at once what was just written, and what the store has besides, page by page. A few
 * devices at a time, each once at a time. Nothing here must survive: the store knows what waits.
 */
import { backoffMs, type Backoff, type Random } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { DeviceState, StateSettings } from "../../core/device-state.ts";
import { fail, type Failure, type FailureCode } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import type { DeviceStates } from "../../core/state-store.ts";
import type { TwinHub } from "../../core/twin-hub.ts";
import { withTrouble } from "../document/hub-answer.ts";
import type { StateRecords } from "../state-records.ts";
import type { DevicePushing } from "./device-pushing.ts";
import { HubGate } from "./hub-gate.ts";
import { pushDevice } from "./push-device.ts";
import { PushPace } from "./push-pace.ts";

/** Devices at once: more would not make a hub faster. */
const AT_ONCE = 12;
const PAGE = 200;
/** Devices that wait in memory for their turn; of others the store knows. */
const MAX_QUEUED = 10_000;
/** How often the store is asked for those that failed and are due again. */
const LOOK_MS = 5_000;

export interface HubPusherOptions {
  readonly connectionId: string;
  readonly hub: (connectionId: string) => Promise<TwinHub | undefined> | TwinHub | undefined;
  readonly states: Pick<DeviceStates, "deviceState" | "statesToPush">;
  readonly records: StateRecords;
  readonly settingsOf: (record: DeviceState) => Promise<StateSettings>;
  readonly onPushed: DevicePushing["onPushed"];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What may be the trouble of one device's twin although it looks like the hub's. */
const DOUBTFUL: ReadonlySet<FailureCode> = new Set(["hub_error", "hub_unreachable"]);
const DOUBTFUL_RETRY: Backoff = { firstMs: 500, maxMs: 30_000 };
const OWN_MISTAKE: Failure = {
  code: "hub_error",
  message: "Writing to the hub ended by a mistake of this server's own; its log says more.",
};
/** Devices that are known to close the gate alone. */
const MAX_SUSPECTS = 1_000;

interface Turn {
  mustRead: boolean;
  readonly waiting: (() => void)[];
}

export class HubPusher {
  readonly #options: HubPusherOptions;
  readonly #gate: HubGate;
  readonly #pace: PushPace;
  readonly #queue = new Map<string, Turn>();
  readonly #running = new Map<string, Promise<void>>();
  #storeMayHaveMore = true;
  #listing: Promise<void> | null = null;
  #paceTimer: (() => void) | null = null;
  #lookTimer: (() => void) | null = null;
  /** On the growing clock. What began before tells of the past. */
  #closedAt = Number.NEGATIVE_INFINITY;
  /** Whose trouble closed the gate last, and when the hub last took something of whom. */
  #closedBy = "";
  #taken = { deviceId: "", at: Number.NEGATIVE_INFINITY };
  readonly #suspects = new Set<string>();
  #stopped = false;

  constructor(options: HubPusherOptions) {
    this.#options = options;
    this.#gate = new HubGate({ ...options, onProbe: () => this.#pump() });
    this.#pace = new PushPace(options);
  }

  /** Why nothing is written to this hub now. */
  get failure(): Failure | null {
    return this.#gate.failure;
  }

  /** Whether nobody waits here for anything. */
  get isIdle(): boolean {
    return this.#queue.size === 0 && this.#running.size === 0;
  }

  start(): void {
    this.#look();
  }

  /** Resolves when the device had its turn, or when it is clear that it has none for now. */
  async push(deviceId: string): Promise<void> {
    const { failure } = this.#gate;
    if (failure === null) return this.#enqueue(deviceId, false);
    this.#storeMayHaveMore = true;
    await this.#noteClosed(deviceId, failure);
    this.#pump();
  }

  /** The twin is to be read, whether anything waits for it or not; when the hub is back, if it is away. */
  async read(deviceId: string): Promise<void> {
    const turn = this.#enqueue(deviceId, true);
    if (this.#gate.failure === null) await turn;
  }

  /** The hub's key or address was changed, or it is back. */
  mended(): void {
    this.#gate.probeNow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#gate.stop();
    this.#paceTimer?.();
    this.#lookTimer?.();
    for (const { waiting } of this.#queue.values()) for (const done of waiting) done();
    this.#queue.clear();
    await Promise.all([...this.#running.values(), this.#listing]);
  }

  #enqueue(deviceId: string, mustRead: boolean): Promise<void> {
    const turn = this.#queue.get(deviceId);
    if (this.#stopped || (turn === undefined && this.#queue.size >= MAX_QUEUED)) {
      this.#storeMayHaveMore = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      if (turn === undefined) this.#queue.set(deviceId, { mustRead, waiting: [resolve] });
      else {
        turn.mustRead ||= mustRead;
        turn.waiting.push(resolve);
      }
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#stopped && this.#running.size < AT_ONCE) {
      const next = this.#next();
      if (next === null) return this.#list();
      const wait = this.#pace.waitMs();
      if (wait > 0) return this.#pumpAfter(wait);
      const [deviceId, turn] = next;
      if (!this.#gate.pass() && !this.#mayTryBeside(deviceId)) return;
      this.#queue.delete(deviceId);
      this.#pace.begun();
      const running = this.#run(deviceId, turn).finally(() => {
        this.#running.delete(deviceId);
        for (const done of turn.waiting) done();
        this.#pump();
      });
      this.#running.set(deviceId, running);
    }
  }

  /** Whose trouble closed the gate may take long to find out that it is not over: another may try meanwhile. */
  #mayTryBeside(deviceId: string): boolean {
    const code = this.#gate.failure?.code;
    const isAlone = this.#running.size === 1 && this.#running.has(this.#closedBy);
    return code !== undefined && DOUBTFUL.has(code) && isAlone && deviceId !== this.#closedBy;
  }

  /** Whose turn is next; a device that has its turn waits for its end. */
  #next(): [string, Turn] | null {
    let last: [string, Turn] | null = null;
    for (const entry of this.#queue) {
      if (this.#running.has(entry[0])) continue;
      // Another device tells better whether the trouble was the hub's.
      if (this.#gate.failure === null || entry[0] !== this.#closedBy) return entry;
      last = entry;
    }
    return last;
  }

  #pumpAfter(ms: number): void {
    this.#paceTimer ??= this.#options.clock.after(ms, () => {
      this.#paceTimer = null;
      this.#pump();
    });
  }

  async #run(deviceId: string, { mustRead }: Turn): Promise<void> {
    const { connectionId, states, records, settingsOf, onPushed, clock, random, log } = this.#options;
    const begunAt = clock.elapsed();
    try {
      const record = await states.deviceState(deviceId);
      if (record === null || record.connectionId !== connectionId) return this.#gate.release();
      if (record.pendingSince === null && !mustRead) return this.#gate.release();
      const hub = await this.#options.hub(connectionId);
      const { conflicts: rule, cloudToDevice: sendsMessages } = await settingsOf(record);
      const pushing = { records, rule, sendsMessages, onPushed, clock, random };
      const failure =
        hub === undefined
          ? fail("hub_unreachable", "The hub is not running, or has not said where.").failure
          : await pushDevice(record, { ...pushing, hub }, mustRead);
      if (failure !== null && this.#isOfDevice(deviceId, failure, begunAt)) await this.#blame(deviceId, failure);
      else this.#ended(deviceId, failure, begunAt);
    } catch (error) {
      log.error({ deviceId, connectionId, reason: String(error) }, "state.push_failed");
      // It waits like others that failed: asked for at once it would fail at once, without end.
      await this.#note(deviceId, OWN_MISTAKE).catch(() => undefined); // the store: what waits there is looked for now and then
    }
  }

  /** Whether the hub takes from others what it does not take from this one. */
  #isOfDevice(deviceId: string, { code }: Failure, begunAt: number): boolean {
    const { deviceId: other, at } = this.#taken;
    return DOUBTFUL.has(code) && (this.#suspects.has(deviceId) || (other !== deviceId && at > begunAt));
  }

  /** It alone waits; its next try is for itself. */
  async #blame(deviceId: string, failure: Failure): Promise<void> {
    this.#suspect(deviceId);
    await this.#note(deviceId, failure);
  }

  async #note(deviceId: string, failure: Failure): Promise<void> {
    const { records, clock, random } = this.#options;
    this.#gate.release();
    const now = clock.now();
    await records.change(deviceId, (record) => {
      const attempts = (record.trouble?.attempts ?? 0) + 1;
      const retryAt = Math.ceil(now + backoffMs(DOUBTFUL_RETRY, attempts, random));
      return withTrouble(record, { failure, attempts, retryAt }, { rule: "newest", now });
    });
  }

  #suspect(deviceId: string): void {
    const [oldest] = this.#suspects;
    if (this.#suspects.size >= MAX_SUSPECTS && oldest !== undefined) this.#suspects.delete(oldest);
    this.#suspects.add(deviceId);
  }

  #ended(deviceId: string, failure: Failure | null, begunAt: number): void {
    const { connectionId, log } = this.#options;
    if (this.#stopped) return;
    if (failure === null) {
      this.#suspects.delete(deviceId);
      this.#taken = { deviceId, at: this.#options.clock.elapsed() };
      if (this.#closedBy !== deviceId && DOUBTFUL.has(this.#gate.failure?.code ?? "throttled")) {
        this.#suspect(this.#closedBy);
      }
      this.#pace.taken();
      if (this.#gate.open() === null) return;
      log.info({ connectionId }, "state_hub.resumed");
      this.#storeMayHaveMore = true;
      return;
    }
    this.#storeMayHaveMore = true;
    if (failure.code === "throttled") {
      this.#pace.throttled(failure, begunAt);
      this.#gate.open();
      return;
    }
    const { code, message } = failure;
    if (begunAt < this.#closedAt) return;
    this.#closedAt = this.#options.clock.elapsed();
    this.#closedBy = deviceId;
    if (this.#gate.close(failure)) log.warn({ connectionId, code, reason: message }, "state_hub.paused");
    // Who waits for an answer is told that there is none for now.
    for (const { waiting } of this.#queue.values()) for (const done of waiting.splice(0)) done();
  }

  /** The next page of what waits in the store, when nothing is left to do here. */
  #list(): void {
    if (!this.#storeMayHaveMore || this.#listing !== null || this.#queue.size > 0 || this.#stopped) return;
    const { connectionId, states, clock, log } = this.#options;
    this.#storeMayHaveMore = false;
    this.#listing = states
      .statesToPush(connectionId, { dueAt: clock.now(), limit: PAGE })
      .then((page) => {
        this.#storeMayHaveMore ||= page.length === PAGE;
        if (page.length + this.#queue.size + this.#running.size === 0) this.#gate.lapse();
        for (const { deviceId } of page) {
          if (!this.#queue.has(deviceId)) this.#queue.set(deviceId, { mustRead: false, waiting: [] });
        }
      })
      .catch((error: unknown) => {
        this.#storeMayHaveMore = true;
        log.error({ connectionId, reason: String(error) }, "state.listing_failed");
        return "failed" as const;
      })
      .then((ended) => {
        this.#listing = null;
        if (ended !== "failed") this.#pump();
      });
  }

  #look(): void {
    if (this.#stopped) return;
    this.#storeMayHaveMore = true;
    this.#pump();
    this.#lookTimer = this.#options.clock.after(LOOK_MS, () => this.#look());
  }

  /** The record says why it waits, without a try of its own. */
  async #noteClosed(deviceId: string, failure: Failure): Promise<void> {
    const now = this.#options.clock.now();
    const { records, log } = this.#options;
    try {
      await records.change(deviceId, (record) =>
        record.pendingSince === null || record.trouble !== null
          ? null
          : withTrouble(record, { failure, attempts: 0, retryAt: now }, { rule: "newest", now }),
      );
    } catch (error) {
      log.error({ deviceId, reason: String(error) }, "state.trouble_not_noted");
    }
  }
}
