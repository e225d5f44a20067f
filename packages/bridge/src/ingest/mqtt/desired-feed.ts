/**
 * What a device shall be like, on its topic: the whole each time, so that the newest message is all that counts. One is
 * under way at a time; of what changes meanwhile the newest follows. Nothing is sent to a device that does not listen.
 */
import type { DesiredView, StateControl } from "../../core/state-control.ts";
import type { OutgoingMessage, Sent } from "./outgoing.ts";

export interface DesiredFeedOptions {
  readonly deviceId: string;
  /** `null`: states are not kept. */
  readonly states: Pick<StateControl, "desired"> | null;
  readonly send: (message: Omit<OutgoingMessage, "topic">) => Sent;
  /** The client takes no packet as large as this. */
  readonly onTooLarge: () => void;
}

export class DesiredFeed {
  readonly #options: DesiredFeedOptions;
  /** The newest that is not sent yet. */
  #owed: DesiredView | null = null;
  #isUnderWay = false;
  #isOver = false;
  /** Changes told so far: whoever reads meanwhile may have read something older. */
  #changes = 0;
  #isReading = false;
  #isAskedAgain = false;

  constructor(options: DesiredFeedOptions) {
    this.#options = options;
  }

  /** Something else is desired now. */
  changed(view: DesiredView): void {
    this.#changes += 1;
    this.#offer(view);
  }

  /** The device began to listen: it is sent what is desired now. However often it asks, one read is under way. */
  async tell(): Promise<void> {
    const { states, deviceId } = this.#options;
    if (states === null) return;
    this.#isAskedAgain = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        const changes = this.#changes;
        const view = await states.desired(deviceId);
        if (view !== null && changes === this.#changes) this.#offer(view);
      }
    } finally {
      this.#isReading = false;
    }
  }

  /** The connection is over. */
  stop(): void {
    this.#isOver = true;
    this.#owed = null;
  }

  /** There may be room again for what waits. */
  pump(): void {
    if (this.#owed === null || this.#isUnderWay) return;
    const { properties, revision } = this.#owed;
    const sent = this.#options.send({ payload: Buffer.from(JSON.stringify({ ...properties, $version: revision })) });
    // It waits for the acknowledgement of something else, which comes by here.
    if (sent.kind === "busy") return;
    this.#owed = null;
    if (sent.kind === "too_large") this.#options.onTooLarge();
    if (sent.kind !== "sent") return;
    this.#isUnderWay = true;
    void sent.acknowledged.then(() => {
      this.#isUnderWay = false;
      this.pump();
    });
  }

  #offer(view: DesiredView): void {
    if (this.#isOver) return;
    this.#owed = view;
    this.pump();
  }
}
