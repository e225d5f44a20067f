/**
 * Many Things at once, at the hub's pace. Started again with the same names and keys file it goes on where it ended: names
 * that are there already are passed over. When an answer is lost, nobody knows whether the Thing was made; what is there by
 * then is looked up, and gets a new key, as the lost answer held the only copy of the first one. So Ctrl-C only keeps more
 * from being begun; a second one cuts off what is under way.
 */
import { pathOf } from "../api-client.ts";
import type { ApiClient, Json } from "../api-client.ts";
import { CommandFailure } from "../command-failure.ts";
import type { Options, Shown } from "../command-runner.ts";
import { countOption } from "../count-option.ts";
import { eachAtOnce } from "../each-at-once.ts";
import { failureIn, NoMorePatience, Patience } from "../patience.ts";
import { withProgress } from "../progress.ts";
import { RecentPace } from "../recent-pace.ts";
import { cell } from "../table.ts";
import { gently } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { KeysFile } from "./keys-file.ts";

const MAX_AT_ONCE = 64;
const PAGE = 1_000;
/** Of looking up what became of lost answers and making what was not made. */
const MAX_ROUNDS = 5;
/** Nobody knows whether it was done. */
const LOST = new Set(["unreachable", "outcome_unknown", "not_isthmus", "http_500"]);
/** True for one is true for all: the rest is not tried. */
const FOR_ALL = new Set(
  (
    "no_hub key_refused permission_missing create_not_permitted hub_not_found hub_address_refused hub_tls_failed " +
    "http_400 http_401 http_403 http_404"
  ).split(" "),
);

export interface FleetOptions {
  readonly api: ApiClient;
  readonly terminal: Terminal;
  readonly options: Options;
  readonly path: string;
  readonly names: readonly string[];
  /** What they all have beside their names. */
  readonly fields: Json;
  readonly keysFile: string;
}

export async function createFleet(options: FleetOptions): Promise<Shown> {
  const { terminal, names } = options;
  const atOnce = Math.min(countOption(options.options, "atOnce") ?? 8, MAX_AT_ONCE);
  const keys = await KeysFile.open(options.keysFile);
  return gently(terminal, async (isAsked) => {
    const run = new FleetRun(options, keys, isAsked);
    try {
      await withProgress(
        terminal,
        () => run.line(),
        () => run.make(names, atOnce),
      );
    } finally {
      await run.close();
    }
    return run.shown();
  });
}

class FleetRun {
  readonly #asked: FleetOptions;
  readonly #keys: KeysFile;
  readonly #startedAt: number;
  readonly #pace: RecentPace;
  readonly #patience: Patience;
  readonly #failures = new Map<string, { count: number; readonly message: string; readonly nextStep: string | null }>();
  /** Ids of Things that are there while their keys are in no file. */
  readonly #withoutKeys: string[] = [];
  #made = 0;
  /** Were there before and got new keys. */
  #renewed = 0;
  #passedOver = 0;
  /** Nobody knows whether these were made: they were cut off. */
  #cutOff = 0;
  #stopped: CommandFailure | null = null;
  readonly #isAskedToEnd: AbortSignal;

  constructor(asked: FleetOptions, keys: KeysFile, isAskedToEnd: AbortSignal) {
    this.#asked = asked;
    this.#isAskedToEnd = isAskedToEnd;
    this.#keys = keys;
    this.#startedAt = asked.terminal.now();
    this.#pace = new RecentPace(this.#startedAt);
    this.#patience = new Patience(isAskedToEnd);
  }

  async make(names: readonly string[], atOnce: number): Promise<void> {
    const before = await this.#present(new Set(names));
    this.#passedOver = before.size;
    const keyless = [...before].filter(([name]) => !this.#keys.names.has(name));
    if (this.#asked.options["renewMissing"] === true) {
      await this.#each(keyless, atOnce, async ([, id]) => {
        if (await this.#renew(id)) this.#renewed += 1;
      });
    } else this.#withoutKeys.push(...keyless.map(([, id]) => id));
    let todo = names.filter((name) => !before.has(name));
    for (let round = 0; round < MAX_ROUNDS && todo.length > 0 && this.#goesOn(); round++) {
      const lost = new Set<string>();
      await this.#each(todo, atOnce, (name) => this.#makeOne(name, lost));
      if (lost.size === 0) return;
      const there = await this.#foundOf(lost);
      if (there === null) return;
      // Also when it is asked to end: these were under way.
      await eachAtOnce([...there], { atOnce, goesOn: () => !this.#asked.terminal.signal.aborted }, async ([, id]) => {
        if (await this.#renew(id)) this.#made += 1;
      });
      todo = [...lost].filter((name) => !there.has(name));
    }
    for (const name of todo) if (this.#goesOn()) this.#failed(answerLost(name));
  }

  /** Which of those whose answers were lost are there; `null`: it was cut off. */
  async #foundOf(lost: ReadonlySet<string>): Promise<ReadonlyMap<string, string> | null> {
    try {
      return await this.#patience.with(() => this.#present(lost), LOST);
    } catch (error) {
      if (!(error instanceof NoMorePatience)) throw error;
      this.#cutOff = lost.size;
      return null;
    }
  }

  line(): string {
    const { names, terminal } = this.#asked;
    const failed = this.#failedCount();
    const left = names.length - this.#made - this.#passedOver - failed;
    return [
      `${this.#made + this.#passedOver} of ${names.length}`,
      ...this.#pace.words(this.#made, left, terminal.now()),
      ...(failed === 0 ? [] : [`${failed} failed`]),
      ...this.#patience.words(),
    ].join(", ");
  }

  shown(): Shown {
    const failures = [...this.#failures].map(([code, one]) => ({ code, ...one }));
    const seconds = (this.#asked.terminal.now() - this.#startedAt) / 1_000;
    const left = this.#asked.names.length - this.#made - this.#passedOver - this.#failedCount() - this.#cutOff;
    const lines = [
      `Made ${this.#made} in ${seconds.toFixed(1)} s.`,
      ...(this.#passedOver === 0 ? [] : [`${this.#passedOver} of these names were there already.`]),
      ...(this.#renewed === 0 ? [] : [`${this.#renewed} of them got a new key.`]),
      ...(this.#made + this.#renewed === 0 ? [] : [`Connection strings are in ${cell(this.#asked.keysFile)}.`]),
      ...(this.#withoutKeys.length === 0
        ? []
        : [
            `${this.#withoutKeys.length} of them are not in ${cell(this.#asked.keysFile)}: with --renew-missing they get new keys.`,
          ]),
      ...failures.map(({ code, count, message, nextStep }) =>
        cell(`${count} failed: ${message} [${code}]${nextStep === null ? "" : ` Next: ${nextStep}`}`),
      ),
      ...(this.#cutOff === 0
        ? []
        : [
            `${this.#cutOff} were cut off, made or not. The same command makes those that were not; with --renew-missing the others get new keys.`,
          ]),
      ...(left > 0 ? [`${left} were not tried. The same command goes on with them.`] : []),
    ];
    const json = {
      made: this.#made,
      there_before: this.#passedOver,
      renewed: this.#renewed,
      without_keys: this.#withoutKeys,
      not_tried: left,
      cut_off: this.#cutOff,
      failures: failures.map(({ nextStep, ...one }) => ({ ...one, next_step: nextStep })),
      keys_file: this.#asked.keysFile,
    };
    return {
      json,
      text: lines.map((text) => `${text}\n`).join(""),
      failed: failures.length > 0 || left + this.#cutOff > 0,
    };
  }

  close(): Promise<void> {
    return this.#keys.close();
  }

  #goesOn(): boolean {
    return this.#stopped === null && !this.#isAskedToEnd.aborted;
  }

  #failedCount(): number {
    return [...this.#failures.values()].reduce((sum, { count }) => sum + count, 0);
  }

  #each<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
    return eachAtOnce(all, { atOnce, goesOn: () => this.#goesOn() }, work);
  }

  async #makeOne(name: string, lost: Set<string>): Promise<void> {
    const { api, path, fields } = this.#asked;
    try {
      await this.#keep(await this.#patience.with(() => api.call("POST", path, { ...fields, name })));
      this.#made += 1;
    } catch (error) {
      if (error instanceof NoMorePatience) return;
      const failure = failureIn(error);
      if (LOST.has(failure.code)) lost.add(name);
      else this.#failed(failure);
    }
  }

  /** Whether it has a new key, in the file. */
  async #renew(id: string): Promise<boolean> {
    const { api } = this.#asked;
    try {
      await this.#keep(await this.#patience.with(() => api.call("POST", pathOf`/admin/v1/things/${id}/keys`, {})));
      return true;
    } catch (error) {
      this.#withoutKeys.push(id);
      if (!(error instanceof NoMorePatience)) this.#failed(failureIn(error));
      return false;
    }
  }

  async #keep(json: Json): Promise<void> {
    const { id, name, deviceDetails } = json["thing"] as Json;
    await this.#keys.append([{ id, name, connectionString: (deviceDetails as Json)["connectionString"] }]);
  }

  #failed(failure: CommandFailure): void {
    const { code, message, nextStep } = failure;
    const known = this.#failures.get(code);
    if (known === undefined) this.#failures.set(code, { count: 1, message, nextStep });
    else known.count += 1;
    if (FOR_ALL.has(code)) this.#stopped = failure;
  }

  /** Ids of those of these names that are there. */
  async #present(names: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const { api, path } = this.#asked;
    const found = new Map<string, string>();
    for (let after: string | null = null; ;) {
      const query = new URLSearchParams({ limit: String(PAGE), ...(after !== null && { after }) });
      const page: Json = await api.call("GET", `${path}?${query.toString()}`);
      for (const { name, id } of page["things"] as readonly Json[]) {
        if (names.has(String(name))) found.set(String(name), String(id));
      }
      after = page["next"] as string | null;
      if (after === null) return found;
    }
  }
}

function answerLost(name: string): CommandFailure {
  return new CommandFailure(
    "unreachable",
    `No answer for ${name} and others.`,
    "See that the server runs, and start again.",
  );
}
