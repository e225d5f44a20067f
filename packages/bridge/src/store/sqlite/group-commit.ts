/** The calling side of the store's worker: gathers calls into groups, one group under way at a time. */
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import type { Answer, Call } from "./group-runner.ts";
import type { Operations } from "./operations.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

// The built file, seen from the sources too: a thread of Node 20 cannot run TypeScript.
export const WORKER: URL = new URL("../../../dist/store/sqlite/worker.js", import.meta.url);

/** Calls in one transaction at most: bounds how long one flush keeps others waiting. */
const MAX_GROUP = 2_000;

/** The store cannot take this call now. Nothing of it is stored; the caller may try again. */
class StoreUnavailable extends Error {
  readonly code = "store_unavailable";
}

interface Waiting {
  readonly call: Call;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class GroupCommit {
  readonly #worker: Worker;
  readonly #onFatal: (error: Error) => void;
  readonly #onFlushed: (seconds: number) => void;
  readonly #exited: Promise<void>;
  #fullAt: number | null = null;
  #groups = 0;
  /** Of the group under way, on the clock that only grows. */
  #sentAt = 0;
  #waiting: Waiting[] = [];
  #underWay: Waiting[] = [];
  #scheduled = false;
  #atRest: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #dead: Error | undefined;

  private constructor(worker: Worker, onFatal: (error: Error) => void, onFlushed: (seconds: number) => void) {
    this.#worker = worker;
    this.#onFatal = onFatal;
    this.#onFlushed = onFlushed;
    this.#exited = new Promise((resolve) => worker.once("exit", () => resolve()));
    worker.on("message", (message: FromWorker) => this.#receive(message));
    worker.on("error", (error: Error) => this.#fail(error));
  }

  /**
   * Opens the database in its own thread. `onFatal` is called when the disk fails a write or flush: what is on disk is
   * then unknown, and the only honest way on is to restart from it. `onFlushed` is told how long each group took.
   */
  static async open(
    file: string,
    onFatal: (error: Error) => void,
    onFlushed: (seconds: number) => void = () => undefined,
  ): Promise<GroupCommit> {
    const worker = new Worker(WORKER, { workerData: { file } });
    await new Promise<void>((resolve, reject) => {
      const started = (message: FromWorker): void => {
        worker.off("message", started).off("error", reject);
        if (message.kind === "failed") reject(new Error(message.error));
        else resolve();
      };
      worker.on("message", started).on("error", reject);
    });
    return new GroupCommit(worker, onFatal, onFlushed);
  }

  /** Calls that wait for their flush. */
  get depth(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  /** Groups that were answered so far. */
  get groups(): number {
    return this.#groups;
  }

  /** False once the disk or the worker failed, and after `close`. */
  get isAlive(): boolean {
    return this.#dead === undefined;
  }

  /** For how long the group under way has been waiting for the disk, in milliseconds. */
  get waitedMs(): number {
    return this.#underWay.length === 0 ? 0 : performance.now() - this.#sentAt;
  }

  /** When the disk was last found full, unix milliseconds; `null` once a group went through. */
  get fullAt(): number | null {
    return this.#fullAt;
  }

  /** Resolves with the operation's result once its group is flushed. Rejects with `StoreUnavailable`, among others. */
  call<Name extends keyof Operations>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead);
      this.#waiting.push({ call: [name, ...args], resolve: resolve as (value: never) => void, reject });
      this.#schedule();
    });
  }

  /** Does the work while the database file stays as it is: what is written meanwhile is in the write-ahead log alone. */
  async withFileAtRest<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#atRest.then(async () => {
      if (this.#dead === undefined) this.#worker.postMessage("hold" satisfies ToWorker);
      // The worker takes one message after the other.
      await this.call("lastNumbers");
      try {
        return await work();
      } finally {
        this.#worker.postMessage("release" satisfies ToWorker);
      }
    });
    this.#atRest = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  /** Empties the write-ahead log, which may still hold what was erased. Resolves when that is done. */
  async truncateLog(): Promise<void> {
    await this.#atRest;
    if (this.#dead === undefined) this.#worker.postMessage("truncate" satisfies ToWorker);
    // The worker takes one message after the other.
    await this.call("lastNumbers");
  }

  /** Ends when all calls so far are answered and the file is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.depth > 0 && this.#dead === undefined) await new Promise((resolve) => setImmediate(resolve));
    this.#dead ??= new StoreUnavailable("The store is closed.");
    this.#worker.postMessage("close" satisfies ToWorker);
    await this.#exited;
  }

  // A turn of the event loop gathers all that its callbacks bring before the group leaves.
  #schedule(): void {
    if (this.#scheduled || this.#underWay.length > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#underWay.length > 0 || this.#dead !== undefined) return;
      this.#underWay = this.#waiting.splice(0, MAX_GROUP);
      this.#sentAt = performance.now();
      this.#worker.postMessage(this.#underWay.map((waiting) => waiting.call) satisfies ToWorker);
    });
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "answers": {
        const group = this.#underWay;
        this.#groups += 1;
        this.#onFlushed((performance.now() - this.#sentAt) / 1_000);
        this.#underWay = [];
        if (message.answers.some(({ kind }) => kind === "full")) this.#fullAt = Date.now();
        else this.#fullAt = null;
        for (const [i, waiting] of group.entries()) answer(waiting, message.answers[i]);
        this.#schedule();
        break;
      }
      case "failed":
        this.#fail(new Error(`The disk failed: ${message.error}`));
        break;
      case "ready":
        break;
    }
  }

  #fail(error: Error): void {
    if (this.#dead !== undefined) return;
    this.#dead = error;
    const lost = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#waiting = [];
    for (const waiting of lost) waiting.reject(error);
    this.#onFatal(error);
  }
}

function answer({ call, resolve, reject }: Waiting, given: Answer | undefined): void {
  switch (given?.kind) {
    case "done":
      return resolve(given.value as never);
    case "full":
      return reject(new StoreUnavailable("The disk is full."));
    case "failed":
    case undefined:
      return reject(new Error(`The store failed at ${call[0]}: ${given?.error ?? "no answer"}`));
  }
}
