/**
 * Imports and exports of the whole identity registry, from and to a container of blobs. One runs at a time, as on the
 * service; what became of earlier ones is kept.
 */
import { randomUUID } from "node:crypto";
import { bulk } from "../registry/bulk-registry.ts";
import type { HubClock } from "../clock/clock.ts";
import { HubError, asHubError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { Query } from "../query/query.ts";
import type { Registry } from "../registry/registry.ts";
import type { JsonObject } from "../twins/twin.ts";
import { isObject } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";
import { exportLines, linesOf } from "./identity-lines.ts";
import { formatTransfer, parseTransferRequest, withoutSignatures } from "./transfer.ts";
import type { BlobContainer, OpenContainer, Transfer, TransferDocument, TransferRequest } from "./transfer.ts";

export interface TransfersParts {
  readonly journal: Journal;
  readonly clock: HubClock;
  readonly query: Query;
  readonly registry: Registry;
  readonly twins: Twins;
  /** Without it there are neither imports nor exports. */
  readonly openContainer?: OpenContainer;
}

const PREFIX = "transfer/";
const MAX_KEPT = 100;
const ERRORS_BLOB = "importErrors.log";
/** Lines of an import worked on at a time, and failures that are told. */
const AT_ONCE = 100;
const MAX_ERRORS = 10_000;
/** What a line without a mode asks for, so that an export can be imported as it is (inferred). */
const DEFAULT_MODE = "createOrUpdate";

type Work = (signal: AbortSignal) => Promise<void>;

export class Transfers {
  readonly #parts: TransfersParts;
  readonly #byId = new Map<string, Transfer>();
  #running: { readonly jobId: string; readonly abort: AbortController; readonly done: Promise<void> } | undefined;

  constructor(parts: TransfersParts) {
    this.#parts = parts;
    const kept = [...parts.journal.entries].filter(([key]) => key.startsWith(PREFIX));
    const transfers = kept.map(([, transfer]) => transfer as Transfer).toSorted((a, b) => a.startTime - b.startTime);
    for (const transfer of transfers) {
      const wasRunning = transfer.status === "running";
      const ended = {
        status: "failed",
        failureReason: "The hub was stopped meanwhile.",
        endTime: transfer.startTime,
      } as const;
      this.#byId.set(transfer.jobId, wasRunning ? { ...transfer, ...ended } : transfer);
    }
  }

  /** Begins an import or export. Throws `ArgumentInvalid`, `NotImplemented` or, while another one runs, `JobQuotaExceeded`. */
  async create(document: unknown): Promise<TransferDocument> {
    const request = parseTransferRequest(document);
    const work = this.#workOf(request);
    if (this.#running !== undefined) {
      throw new HubError("JobQuotaExceeded", "An import or export is running; there can be one at a time.");
    }
    const jobId = randomUUID();
    const transfer: Transfer = {
      jobId,
      request: withoutSignatures(request),
      status: "running",
      startTime: this.#parts.clock.now(),
    };
    const abort = new AbortController();
    const recorded = this.#record(transfer);
    const done = this.#runAfter(recorded, jobId, work, abort.signal);
    this.#running = { jobId, abort, done };
    await recorded;
    return formatTransfer(transfer);
  }

  /** Throws `JobNotFound`. */
  get(jobId: string): TransferDocument {
    return formatTransfer(this.#find(jobId));
  }

  list(): readonly TransferDocument[] {
    return [...this.#byId.values()].map(formatTransfer);
  }

  /** One that has ended stays as it is. Throws `JobNotFound`. */
  async cancel(jobId: string): Promise<void> {
    this.#find(jobId);
    if (this.#running?.jobId !== jobId) return;
    this.#running.abort.abort();
    await this.#running.done;
  }

  /** Ends what runs; resolves when that is written. */
  async close(): Promise<void> {
    this.#running?.abort.abort();
    await this.#running?.done;
  }

  #find(jobId: string): Transfer {
    const transfer = this.#byId.get(jobId);
    if (transfer === undefined) throw new HubError("JobNotFound", `There is no job with the id ${jobId}.`);
    return transfer;
  }

  // Never rejects: whoever created the transfer hears when it cannot be written down, and its status tells the rest.
  async #runAfter(recorded: Promise<void>, jobId: string, work: Work, signal: AbortSignal): Promise<void> {
    try {
      await recorded;
      await this.#run(jobId, work, signal);
    } catch {
      // The folder cannot be written: a restart shows the transfer as failed, or not at all.
    } finally {
      this.#running = undefined;
    }
  }

  async #run(jobId: string, work: Work, signal: AbortSignal): Promise<void> {
    let outcome: Pick<Transfer, "status" | "failureReason"> = { status: "completed" };
    try {
      await work(signal);
    } catch (error) {
      // Errors of the storage say what it answered; signatures are not among that.
      const failureReason = error instanceof Error ? error.message : asHubError(error).message;
      outcome = signal.aborted ? { status: "cancelled" } : { status: "failed", failureReason };
    }
    await this.#record({ ...this.#find(jobId), ...outcome, endTime: this.#parts.clock.now() });
  }

  async #record(transfer: Transfer): Promise<void> {
    this.#byId.set(transfer.jobId, transfer);
    const [oldest] = this.#byId.keys();
    const forgotten = this.#byId.size > MAX_KEPT && oldest !== undefined ? [[PREFIX + oldest, undefined] as const] : [];
    if (forgotten.length > 0 && oldest !== undefined) this.#byId.delete(oldest);
    await this.#parts.journal.commit([...forgotten, [PREFIX + transfer.jobId, transfer]]);
  }

  #workOf(request: TransferRequest): Work {
    const { inputBlobContainerUri: input } = request;
    const output = this.#open(request.outputBlobContainerUri, "outputBlobContainerUri");
    if (input === undefined) return (signal) => this.#export(output, request, signal);
    const source = this.#open(input, "inputBlobContainerUri");
    return (signal) => this.#import(source, output, request, signal);
  }

  #open(uri: string, field: string): BlobContainer {
    const { openContainer } = this.#parts;
    if (openContainer === undefined) throw new HubError("NotImplemented", "This hub has no way to blob storage.");
    try {
      return openContainer(uri);
    } catch (cause) {
      throw new HubError("ArgumentInvalid", `The job's ${field} is no URI of a container, with a SAS.`, { cause });
    }
  }

  async #export(output: BlobContainer, request: TransferRequest, signal: AbortSignal): Promise<void> {
    const devices = this.#parts.query.matching({ collection: "devices" });
    const lines = exportLines(this.#parts, devices, { withKeys: !request.excludeKeysInExport });
    await output.write(request.outputBlobName, lines, signal);
  }

  async #import(
    source: BlobContainer,
    output: BlobContainer,
    request: TransferRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const errors: JsonObject[] = [];
    let batch: JsonObject[] = [];
    const ids = new Set<unknown>();
    const flush = async (): Promise<void> => {
      for (const error of await this.#apply(batch)) if (errors.length < MAX_ERRORS) errors.push(error);
      batch = [];
      ids.clear();
    };
    for await (const line of linesOf(source.read(request.inputBlobName, signal))) {
      const entry = entryOf(line);
      // Lines about one device take effect in their order.
      if (batch.length >= AT_ONCE || ids.has(entry["id"])) await flush();
      ids.add(entry["id"]);
      batch.push(entry);
      signal.throwIfAborted();
    }
    await flush();
    if (errors.length > 0) await output.write(ERRORS_BLOB, linesFrom(errors), signal);
  }

  async #apply(batch: readonly JsonObject[]): Promise<readonly JsonObject[]> {
    const results = await Promise.all(batch.map((entry) => bulk(this.#parts, [entry])));
    return results.flatMap(({ errors }) => errors.map((error) => ({ ...error })));
  }
}

// A line that is not a JSON object fails like an entry without an id.
function entryOf(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  return { importMode: DEFAULT_MODE, ...(isObject(value) ? value : {}) };
}

async function* linesFrom(rows: readonly JsonObject[]): AsyncGenerator<Buffer> {
  for (const row of rows) yield await Promise.resolve(Buffer.from(`${JSON.stringify(row)}\r\n`));
}
