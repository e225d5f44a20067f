/**
 * A device's twin as the device itself reaches it: it asks on one link and hears on another, which the hub knows to belong
 * together by a property of both. An answer has the request's correlation id and, as over HTTP, a status.
 */
import { randomUUID } from "node:crypto";
import type { EventContext, Receiver, Sender, Session } from "rhea";
import rhea from "rhea";
import { fail, succeed } from "../../core/failure.ts";
import type { Failure, Result } from "../../core/failure.ts";
import { readAmqpRefusal } from "../amqp-connection.ts";
import { classifyRefusal } from "../error-classification.ts";
import { readHttpRefusal } from "../http-refusal.ts";
import { creditLeft } from "../rhea-bookkeeping.ts";

const API_VERSION = "2021-04-12";
const REPORTED = "/properties/reported";
/** Answers that the hub may send ahead: more than are ever asked for at once. */
const CREDIT = 20;

export interface TwinLinkOptions {
  readonly deviceId: string;
  /** Milliseconds for the links to open and for each answer. */
  readonly answerTimeout: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** It cannot be used any more. With the hub's reason, where the hub ended it. */
  readonly onEnd: (link: TwinLink, failure: Failure | null) => void;
}

interface Asked {
  readonly body: Buffer;
  readonly settle: (result: Result<number | null>) => void;
}

export class TwinLink {
  readonly deviceId: string;
  /** Unix milliseconds. */
  lastUsed: number;
  readonly #options: TwinLinkOptions;
  /** In the order in which they were handed in. */
  readonly #waiting = new Map<string, Asked>();
  readonly #asked = new Map<string, Asked>();
  /** `undefined` until the attach has been sent. */
  #sender: Sender | undefined;
  #receiver: Receiver | undefined;
  /** Links that the hub has not confirmed to be closed. */
  #open = 0;
  readonly #reports = new Set<Promise<unknown>>();
  #sent = 0;
  #isEnded = false;
  #whenClosed: (() => void) | undefined;

  constructor(options: TwinLinkOptions) {
    this.deviceId = options.deviceId;
    this.lastUsed = options.now();
    this.#options = options;
  }

  /** Opens the links, unless nobody waits for them any more. What is reported before waits. */
  attach(session: Session): boolean {
    if (this.#isEnded) return false;
    const address = `/devices/${this.deviceId}/twin`;
    const properties = {
      "com.microsoft:channel-correlation-id": `twin:${randomUUID()}`,
      "com.microsoft:api-version": API_VERSION,
    };
    const settled = { snd_settle_mode: 1, rcv_settle_mode: 0, properties } as const;
    const receiver = session.open_receiver({ ...settled, source: address, credit_window: CREDIT });
    const sender = session.open_sender({ ...settled, target: address });
    receiver.on("message", (context: EventContext) => this.#answer(context));
    receiver.on("receiver_open", () => this.#opened(receiver));
    sender.on("sender_open", () => this.#opened(sender));
    sender.on("sender_flow", () => this.#pump());
    // The reason of an error is read when the link closes, which always follows.
    sender.on("sender_error", () => undefined);
    receiver.on("receiver_error", () => undefined);
    sender.on("sender_close", () => this.#closed(sender));
    receiver.on("receiver_close", () => this.#closed(receiver));
    [this.#sender, this.#receiver, this.#open] = [sender, receiver, 2];
    return true;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#asked.size === 0;
  }

  /** Resolves when nothing is under way on it. */
  async whenIdle(): Promise<void> {
    while (!this.isIdle) await Promise.all(this.#reports);
  }

  /** The hub has let the device speak on it. */
  get wasGranted(): boolean {
    return this.#sent > 0 || (this.#sender !== undefined && creditLeft(this.#sender, this.#sent) > 0);
  }

  /** Merges into the reported properties; resolves with their version, `null` when the hub did not name it. */
  report(body: Buffer): Promise<Result<number | null>> {
    this.lastUsed = this.#options.now();
    const id = randomUUID();
    const report = new Promise<Result<number | null>>((resolve) => {
      const timer = setTimeout(() => this.#expire(id), this.#options.answerTimeout);
      const settle = (result: Result<number | null>): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        this.#asked.delete(id);
        this.#reports.delete(report);
        resolve(result);
      };
      this.#waiting.set(id, { body, settle });
    });
    this.#reports.add(report);
    this.#pump();
    return report;
  }

  /** Gives up on all that waits, and closes. Resolves when the hub has confirmed it, or has not in time. */
  async end(failure: Failure): Promise<void> {
    this.fail(failure);
    for (const link of [this.#sender, this.#receiver]) if (link?.is_open() === true) link.close();
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.answerTimeout);
      this.#whenClosed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The connection is gone. */
  fail(failure: Failure): void {
    this.#isEnded = true;
    for (const { settle } of [...this.#asked.values(), ...this.#waiting.values()]) settle({ ok: false, failure });
  }

  /** Nothing can be closed over a connection that is gone. */
  lost(failure: Failure): void {
    this.fail(failure);
    this.#open = 0;
    this.#whenClosed?.();
  }

  #pump(): void {
    const sender = this.#sender;
    if (sender?.is_open() !== true || this.#receiver?.is_open() !== true) return;
    for (const [id, asked] of this.#waiting) {
      // A message without credit would hold up all links of the session.
      if (creditLeft(sender, this.#sent) <= 0 || this.#asked.size >= CREDIT) return;
      this.#sent += 1;
      this.#waiting.delete(id);
      this.#asked.set(id, asked);
      sender.send({
        correlation_id: id,
        message_annotations: { operation: "PATCH", resource: REPORTED },
        body: rhea.message.data_section(asked.body),
      });
    }
  }

  #answer({ message }: EventContext): void {
    const asked = this.#asked.get(String(message?.["correlation_id"]));
    if (asked === undefined) return;
    const annotations = (message?.["message_annotations"] ?? {}) as Readonly<Record<string, unknown>>;
    const status = Number(annotations["status"]);
    if (status >= 200 && status < 300) {
      const version = Number(annotations["version"] ?? Number.NaN);
      asked.settle(succeed(Number.isFinite(version) ? version : null));
    } else {
      const refusal = readHttpRefusal({ status, headers: {}, body: textOf(message?.["body"]) });
      asked.settle({ ok: false, failure: classifyRefusal(refusal, "twin", this.#options.now()) });
    }
    this.#pump();
  }

  // What comes late must find nothing, and what is asked next must not overtake it.
  #expire(id: string): void {
    const seconds = this.#options.answerTimeout / 1000;
    const asked = this.#asked.get(id);
    const failure =
      asked === undefined ? NOT_OPEN : fail("outcome_unknown", `The hub did not answer within ${seconds} s.`).failure;
    (asked ?? this.#waiting.get(id))?.settle({ ok: false, failure });
    this.#options.onEnd(this, null);
  }

  // Given up while it was opening. Closing it any earlier would make the library open it again on the hub's answer.
  #opened(link: Sender | Receiver): void {
    if (this.#isEnded) link.close();
    else this.#pump();
  }

  #closed(link: Sender | Receiver): void {
    this.#open = Math.max(0, this.#open - 1);
    if (this.#open === 0) this.#whenClosed?.();
    if (this.#isEnded) return;
    const { error } = link;
    this.#options.onEnd(this, error ? classifyRefusal(readAmqpRefusal(error), "link", this.#options.now()) : DETACHED);
  }
}

const NOT_OPEN: Failure = { code: "not_sent", message: "The hub opened no link to the device's twin in time." };
const DETACHED: Failure = { code: "outcome_unknown", message: "The hub closed the link to the twin without a reason." };

function textOf(body: unknown): string {
  const content = (body as { readonly content?: unknown } | undefined)?.content ?? body;
  if (content instanceof Uint8Array) return Buffer.from(content).toString("utf8");
  return typeof content === "string" ? content : "";
}
