/**
 * Feedback on cloud-to-device messages. Records are gathered into batches of at most 64 or of 15 seconds; the batches wait
 * in a queue for services. Which endings a sender hears of is its message's `iothub-ack`.
 */
import type { HubClock } from "../clock/clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Outcome } from "./lock-queue.ts";
import type { ServiceQueue } from "./service-queue.ts";
import type { Change, Sequence } from "./sequence.ts";

export const FEEDBACK_TYPE = "application/vnd.microsoft.iothub.feedback.json";

export interface FeedbackRecord {
  readonly originalMessageId: string;
  /** ISO 8601; when the message ended. */
  readonly enqueuedTimeUtc: string;
  readonly statusCode: Outcome;
  readonly description: string;
  readonly deviceId: string;
  readonly deviceGenerationId: string;
}

/** What of an ended message goes into its record. */
export interface EndedMessage {
  readonly deviceId: string;
  readonly generationId: string;
  readonly messageId?: string | undefined;
  readonly ack?: string | undefined;
}

/** Values of `iothub-ack`, by whether they ask for good and bad endings. */
export const ACKS: Readonly<Record<string, { readonly good: boolean; readonly bad: boolean }>> = {
  none: { good: false, bad: false },
  positive: { good: true, bad: false },
  negative: { good: false, bad: true },
  full: { good: true, bad: true },
};

const MAX_RECORDS = 64;
const MAX_WAIT_MS = 15_000;
const PREFIX = "feedback-record/";

interface FeedbackOptions {
  readonly journal: Journal;
  readonly sequence: Sequence;
  readonly clock: HubClock;
  /** Where the batches go. */
  readonly queue: ServiceQueue;
}

export class Feedback {
  readonly #options: FeedbackOptions;
  // By journal key.
  readonly #waiting = new Map<string, FeedbackRecord>();
  #cancelAlarm: (() => void) | undefined;

  constructor(options: FeedbackOptions) {
    this.#options = options;
    for (const [key, value] of options.journal.entries) {
      if (key.startsWith(PREFIX)) this.#waiting.set(key, value as FeedbackRecord);
    }
    if (this.#waiting.size > 0) this.#setAlarm();
  }

  /** Takes note of an ending, if its sender asked for it; returns what the caller is to write together with the ending. */
  record({ deviceId, generationId, messageId = "", ack = "none" }: EndedMessage, outcome: Outcome): readonly Change[] {
    const wanted = ACKS[ack.toLowerCase()];
    if (!(outcome === "Success" ? wanted?.good : wanted?.bad)) return [];
    const record: FeedbackRecord = {
      originalMessageId: messageId,
      enqueuedTimeUtc: new Date(this.#options.clock.now()).toISOString(),
      statusCode: outcome,
      description: outcome,
      deviceId,
      deviceGenerationId: generationId,
    };
    const { number, change } = this.#options.sequence.next();
    this.#waiting.set(PREFIX + number, record);
    const changes: Change[] = [change, [PREFIX + number, record]];
    if (this.#waiting.size >= MAX_RECORDS) return [...changes, ...this.#batch()];
    this.#setAlarm();
    return changes;
  }

  #setAlarm(): void {
    const { clock, journal } = this.#options;
    this.#cancelAlarm ??= clock.at(clock.now() + MAX_WAIT_MS, () => {
      // When this cannot be written the journal still has the records: they make another batch after a restart.
      journal.commit(this.#batch()).catch(() => undefined);
    });
  }

  #batch(): readonly Change[] {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    const removals = [...this.#waiting.keys()].map((key): Change => [key, undefined]);
    const records = [...this.#waiting.values()];
    this.#waiting.clear();
    return [...this.#options.queue.add(records), ...removals];
  }
}
