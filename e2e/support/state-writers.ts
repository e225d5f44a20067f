/** Writes to the states of Things in all ways that the API has, each until it is answered, and remembers what holds. */
import { request } from "./cloud.ts";
import type { FirstRun } from "./isthmus-process.ts";
import { para, type ParaKeys } from "./para.ts";

const PAUSE_MS = 150;
const KEYS = ["a", "b", "shared"] as const;

export interface WrittenThing {
  readonly id: string;
  readonly name: string;
  /** What the API's callers want it to be like: the last value of each key. */
  wanted: Readonly<Record<string, string>>;
  /** Requests; some changed the state and were not answered. */
  asked: number;
}

export class StateWriters {
  readonly things: readonly WrittenThing[];
  readonly refused: string[] = [];
  readonly #firstRun: () => FirstRun;
  readonly #app: ParaKeys;
  #isStopping = false;
  #done: Promise<unknown> = Promise.resolve();

  constructor(
    things: readonly Pick<WrittenThing, "id" | "name">[],
    { firstRun, app }: { readonly firstRun: () => FirstRun; readonly app: ParaKeys },
  ) {
    this.things = things.map(({ id, name }) => ({ id, name, wanted: {}, asked: 0 }));
    this.#firstRun = firstRun;
    this.#app = app;
  }

  get asked(): number {
    return this.things.reduce((sum, { asked }) => sum + asked, 0);
  }

  start(): void {
    this.#done = Promise.all(this.things.map((thing) => this.#run(thing)));
  }

  /** Resolves when the last write is answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  async #run(thing: WrittenThing): Promise<void> {
    for (let n = 1; !this.#isStopping; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * PAUSE_MS));
      const key = KEYS[Math.floor(Math.random() * KEYS.length)]!;
      const value = Math.random() < 0.15 ? null : `api ${n}`;
      const { [key]: _, ...others } = thing.wanted;
      const wanted = value === null ? others : { ...others, [key]: value };
      const whole = { name: thing.name, serviceBroker: "Azure", deviceState: wanted };
      const ways: readonly (() => Promise<{ readonly status: number }>)[] = [
        () => request(this.#firstRun(), "PATCH", `/admin/v1/devices/${thing.id}/state`, { state: { [key]: value } }),
        () => this.#para("PATCH", `/v1/thing/${thing.id}`, { deviceState: wanted }),
        () => this.#para("PUT", `/v1/things/${thing.id}`, whole),
        () => this.#para("PATCH", "/v1/_batch", [{ id: thing.id, type: "thing", deviceState: wanted }]),
      ];
      await this.#insist(thing, ways[n % ways.length]!);
      thing.wanted = wanted;
    }
  }

  #para(method: string, path: string, body: unknown): ReturnType<typeof para> {
    return para(this.#firstRun(), method, path, body, this.#app);
  }

  async #insist(thing: WrittenThing, ask: () => Promise<{ readonly status: number }>): Promise<void> {
    for (;;) {
      thing.asked += 1;
      // The server may be gone.
      const status = await ask().then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (status >= 400) this.refused.push(`${thing.id}: ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
    }
  }
}
