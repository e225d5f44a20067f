/** Fetches what Particle's cloud says of the devices: at the start, every hour, and of a new device as soon as it speaks. */
import type { Clock } from "../../core/clock.ts";
import type { ParticleCloudSource, ToldDevice } from "../../core/source.ts";
import type { Progresses } from "../source-progress.ts";
import { applyTold, toldDevice } from "./device-names.ts";
import type { DeviceNamesOptions } from "./device-names.ts";
import type { JsonAnswer, ParticleClient } from "./particle-client.ts";

export interface DeviceNamesWatchOptions extends DeviceNamesOptions {
  readonly source: ParticleCloudSource;
  readonly token: string;
  readonly client: Pick<ParticleClient, "get">;
  readonly progresses: Progresses;
  readonly clock: Clock;
}

const EVERY_MS = 3_600_000;
const AFTER_FAILURE_MS = 5 * 60_000;
/** New devices gather so long; when more have come than this, the whole list is asked for instead. */
const GATHER_MS = 1_000;
const FETCH_SINGLY = 20;
const PER_PAGE = 100;
const MAX_PAGES = 1_000;

/** The answer of the cloud that ended a listing early, in a sentence. */
class ListFailed extends Error {}

export class DeviceNamesWatch {
  readonly #options: DeviceNamesWatchOptions;
  readonly #stopping = new AbortController();
  readonly #wanted = new Set<string>();
  #callOff = new Set<() => void>();
  /** One fetch at a time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: DeviceNamesWatchOptions) {
    this.#options = options;
  }

  /** Resolves when the first list has been carried over, or could not be had. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#fetchAll());
  }

  /** A device has come of which nothing was told yet. */
  wants(deviceId: string): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#wanted.size === 0) this.#after(GATHER_MS, () => this.#fetchWanted());
    if (this.#wanted.size <= FETCH_SINGLY) this.#wanted.add(deviceId);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const callOff of this.#callOff) callOff();
    await this.#turn;
  }

  async #fetchAll(): Promise<void> {
    const { source, progresses, clock, log } = this.#options;
    try {
      for await (const page of this.#pages()) await applyTold(source, page, this.#options);
      await progresses.change(source.id, () => ({ namesAt: clock.now(), namesFailure: null }));
      this.#after(EVERY_MS, () => this.#fetchAll());
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      await progresses.change(source.id, () => ({ namesFailure: reason }));
      log.warn({ sourceId: source.id, reason }, "source.names_not_fetched");
      this.#after(AFTER_FAILURE_MS, () => this.#fetchAll());
    }
  }

  async #fetchWanted(): Promise<void> {
    const { source, log } = this.#options;
    const ids = [...this.#wanted];
    this.#wanted.clear();
    if (ids.length > FETCH_SINGLY) {
      for (const callOff of this.#callOff) callOff();
      this.#callOff = new Set();
      return this.#fetchAll();
    }
    for (const id of ids) {
      const answer = await this.#get(`${devicesPath(source)}/${id}`);
      const told = answer.kind === "json" ? toldDevice(answer.value) : null;
      if (told?.deviceId === id) await applyTold(source, [told], { ...this.#options, areNew: true });
      else log.debug({ sourceId: source.id, deviceId: id }, "source.name_not_fetched");
    }
  }

  async *#pages(): AsyncGenerator<readonly ToldDevice[]> {
    const { source } = this.#options;
    const path = devicesPath(source);
    if (source.particleDevice !== null) {
      yield devicesIn([await this.#json(`${path}/${source.particleDevice}`)]);
      return;
    }
    if (source.particleProduct === null) {
      yield* inPages(devicesIn(await this.#json(path)));
      return;
    }
    // Quarantined devices are a list of their own.
    for (const filter of ["", "&quarantined=true"]) {
      for (let page = 1; page <= MAX_PAGES; page++) {
        const answer = await this.#json(`${path}?page=${page}&per_page=${PER_PAGE}${filter}`);
        const { devices, meta } = (answer ?? {}) as { devices?: unknown; meta?: { total_pages?: unknown } };
        const found = devicesIn(devices);
        yield filter === "" ? found : found.filter(({ approval }) => approval !== "approved");
        if (found.length === 0 || page >= Number(meta?.total_pages ?? 1)) break;
      }
    }
  }

  async #json(path: string): Promise<unknown> {
    const answer = await this.#get(path);
    switch (answer.kind) {
      case "json":
        return answer.value;
      case "unreachable":
        throw new ListFailed(answer.message);
      case "refused": {
        const hint = answer.status < 404 ? " The token needs the scopes devices:list and devices:get for names." : "";
        throw new ListFailed(`Particle's cloud answered ${answer.status} ${answer.message}`.trim() + hint);
      }
    }
  }

  #get(path: string): Promise<JsonAnswer> {
    const { source, token, client } = this.#options;
    return client.get(source, token, path, this.#stopping.signal);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn
      .then(() => (this.#stopping.signal.aborted ? undefined : work()))
      .catch((error: unknown) => {
        const { source, log } = this.#options;
        log.warn({ sourceId: source.id, reason: String(error) }, "source.names_not_fetched");
      });
    return this.#turn;
  }

  #after(ms: number, work: () => Promise<void>): void {
    if (this.#stopping.signal.aborted) return;
    const callOff = this.#options.clock.after(ms, () => {
      this.#callOff.delete(callOff);
      void this.#inTurn(work);
    });
    this.#callOff.add(callOff);
  }
}

function devicesPath({ particleProduct }: ParticleCloudSource): string {
  return particleProduct === null ? "/v1/devices" : `/v1/products/${encodeURIComponent(particleProduct)}/devices`;
}

function devicesIn(list: unknown): readonly ToldDevice[] {
  if (!Array.isArray(list)) return [];
  return list.map(toldDevice).filter((device) => device !== null);
}

function* inPages(devices: readonly ToldDevice[]): Generator<readonly ToldDevice[]> {
  for (let start = 0; start < devices.length; start += PER_PAGE) yield devices.slice(start, start + PER_PAGE);
}
