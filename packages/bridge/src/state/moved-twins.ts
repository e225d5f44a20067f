/**
 * Reads twins that moved and hands them to the engine. One by one, as hubs allow many more reads of a twin than queries;
 * in pages of all twins when most of them moved, for as long as the hub does not mind.
 */
import { FAILURES, type Failure, type Result } from "../core/failure.ts";
import type { TwinView } from "../core/twin-hub.ts";
import { checkDevice, readTwin } from "./device-check.ts";
import type { HubChanges } from "./hub-changes.ts";
import { tagChanges } from "./in-step.ts";
import type { MirrorHub } from "./mirror-hub.ts";

/** Twins that are handed to the engine together. */
const TOGETHER = 100;
const READS_AT_ONCE = 16;
/** Fewer are read one by one, however few the hub has. */
const MANY = 500;
/** Asked of the registry in one sweep, which is the hub's slowest part; the rest has its turn in the next. */
const REGISTRY_ASKS = 100;

/** A device whose twin is to be read; versions of its sections as they were last seen. */
export interface Moved {
  readonly hubDeviceId: string;
  readonly desired: number;
  readonly reported: number;
  /** The twin's version that made it worth reading. 0: it was not shown. */
  readonly version: number;
}

/** What the hub said when it refused a sweep. */
export class HubTrouble extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export interface MovedTwinsOptions {
  readonly hub: MirrorHub;
  readonly changes: HubChanges;
  /** By hub device id, of those whose twin was read. */
  readonly tags: Map<string, number>;
  readonly isStopped: () => boolean;
}

export class MovedTwins {
  readonly #options: MovedTwinsOptions;
  #registryAsks = 0;

  constructor(options: MovedTwinsOptions) {
    this.#options = options;
  }

  /** `inHub`: how many twins the hub has, as far as is known. Returns how many states were repaired. */
  async read(moved: readonly Moved[], inHub: number): Promise<number> {
    const left = new Map(moved.map((one) => [one.hubDeviceId, one]));
    const isMost = left.size >= MANY && left.size * 4 >= inHub;
    const byPages = isMost ? await this.#readPages(left) : 0;
    return byPages + (await this.#readEach([...left.values()]));
  }

  /** Asks the registry, which knows more than a twin. */
  async check(hubDeviceId: string): Promise<void> {
    const { hub, changes, tags } = this.#options;
    tags.delete(hubDeviceId);
    if (this.#registryAsks++ >= REGISTRY_ASKS) return;
    this.#mayGoOn();
    const failure = await checkDevice(hub, changes, hubDeviceId);
    if (failure === null) return;
    if (concernsHub(failure)) throw new HubTrouble(failure);
    // The registry limits the rate: it is asked no more in this sweep.
    if (failure.code === "create_throttled") this.#registryAsks = REGISTRY_ASKS;
  }

  /** Takes what it read out of `left`; ends early when the hub limits queries. */
  async #readPages(left: Map<string, Moved>): Promise<number> {
    const { queries, twins } = this.#options.hub;
    let repaired = 0;
    let taking = Promise.resolve(0);
    let page: string | null = null;
    do {
      this.#mayGoOn();
      const at: string | null = page;
      const read: TwinPage = await queries.run(() => twins.twins({ page: at, size: TOGETHER }), 0);
      if (!read.ok) break;
      const fresh = read.value.twins.filter((twin) => isFresh(twin, left.get(twin.deviceId)));
      for (const { deviceId } of fresh) left.delete(deviceId);
      // The engine works on one page while the hub makes the next.
      repaired += await taking;
      taking = this.#take(fresh);
      page = read.value.next;
    } while (page !== null && left.size > 0);
    return repaired + (await taking);
  }

  async #readEach(moved: readonly Moved[]): Promise<number> {
    let repaired = 0;
    let taking = Promise.resolve(0);
    for (let from = 0; from < moved.length; from += TOGETHER) {
      const read = await this.#readTogether(moved.slice(from, from + TOGETHER));
      repaired += await taking;
      taking = this.#take(read);
    }
    return repaired + (await taking);
  }

  /** The twins of those that are the same devices as before; of the others the registry is asked. */
  async #readTogether(moved: Moved[]): Promise<readonly TwinView[]> {
    const read: TwinView[] = [];
    const work = async (): Promise<void> => {
      for (let one = moved.shift(); one !== undefined; one = moved.shift()) {
        this.#mayGoOn();
        const asked = await readTwin(this.#options.hub, one.hubDeviceId);
        // One device that cannot be read is looked at again with the next sweep, and keeps no other waiting.
        if (!asked.ok && !concernsHub(asked.failure)) continue;
        const twin = valueOf(asked);
        if (twin === null || isOlder(twin, one)) await this.check(one.hubDeviceId);
        else read.push(twin);
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, work));
    return read;
  }

  async #take(twins: readonly TwinView[]): Promise<number> {
    const { hub, changes, tags } = this.#options;
    if (twins.length === 0) return 0;
    const repaired = await changes.takeTwins(hub.connectionId, twins);
    for (const twin of twins) tags.set(twin.deviceId, tagChanges(twin));
    return repaired;
  }

  #mayGoOn(): void {
    if (this.#options.isStopped()) throw new Error("The sweep is stopped.");
  }
}

type TwinPage = Result<{ readonly twins: readonly TwinView[]; readonly next: string | null }>;

/** A query may show twins as they were a while ago. */
function isFresh(twin: TwinView, moved: Moved | undefined): boolean {
  return moved !== undefined && twin.version >= moved.version && !isOlder(twin, moved);
}

/** The versions went back: it is the twin of another device of the same id. */
function isOlder(twin: TwinView, { desired, reported }: Moved): boolean {
  return twin.desired.version < desired || twin.reported.version < reported;
}

function concernsHub({ code }: Failure): boolean {
  return FAILURES[code].scope === "hub";
}

/** Throws a `HubTrouble`. */
export function valueOf<T>(asked: Result<T>): T {
  if (!asked.ok) throw new HubTrouble(asked.failure);
  return asked.value;
}
