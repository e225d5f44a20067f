/**
 * Proves arrival: reads a hub's own endpoint and tells those who wait for a message id. Tests of one hub that run at the same
 * time share a reader, because an endpoint lets only a few read at once.
 */
import { systemClock, type Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";
import type { HubEvent, Hubs } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import type { Arrival } from "../core/integration-test.ts";

/** How long a message that the hub took may need to be seen. */
const WAIT_MS = 10_000;
/** The hub's clock may be behind ours. */
const CLOCK_SKEW_MS = 30_000;

interface Reader {
  readonly stop: AbortController;
  readonly waiting: Map<string, (event: HubEvent) => void>;
  /** Why nothing can be seen; `null` while reading goes well. */
  failure: Failure | null;
  users: number;
}

export interface Watch {
  /** The message leaves now. */
  sending(): void;
  /** Waits at most some seconds. Call it when the hub has taken the message. */
  arrival(): Promise<Arrival>;
  stop(): void;
}

export class ArrivalWatch {
  readonly #hubs: Pick<Hubs, "monitor">;
  readonly #clock: Clock;
  readonly #readers = new Map<string, Reader>();

  constructor(hubs: Pick<Hubs, "monitor">, clock: Clock = systemClock) {
    this.#hubs = hubs;
    this.#clock = clock;
  }

  /** Begins to look for a message that is about to be sent. */
  watch(connection: HubConnection, messageId: string): Watch {
    const reader = this.#reader(connection);
    let began = this.#clock.elapsed();
    let seen: Arrival | null = null;
    let tell: () => void = () => undefined;
    reader.waiting.set(messageId, ({ partitionId, sequenceNumber, enqueuedTime }) => {
      const afterMs = Math.round(this.#clock.elapsed() - began);
      seen ??= { seen: true, partitionId, sequenceNumber, enqueuedTime, afterMs };
      tell();
    });
    return {
      sending: () => void (began = this.#clock.elapsed()),
      arrival: async () => {
        if (seen === null) await this.#within(WAIT_MS, (resolve) => (tell = resolve));
        return seen ?? { seen: false, why: whyNot(reader.failure) };
      },
      stop: () => {
        reader.waiting.delete(messageId);
        reader.users -= 1;
        if (reader.users > 0) return;
        reader.stop.abort();
        if (this.#readers.get(connection.id) === reader) this.#readers.delete(connection.id);
      },
    };
  }

  #reader(connection: HubConnection): Reader {
    const known = this.#readers.get(connection.id);
    // One that cannot read is of no use to the next test either.
    if (known !== undefined && known.failure === null) {
      known.users += 1;
      return known;
    }
    const reader: Reader = { stop: new AbortController(), waiting: new Map(), failure: null, users: 1 };
    this.#readers.set(connection.id, reader);
    const onFailure = (failure: Failure): void => void (reader.failure = failure);
    const opened = this.#hubs.monitor(connection, {
      since: this.#clock.now() - CLOCK_SKEW_MS,
      signal: reader.stop.signal,
      onEvent: (event) => {
        const { messageId } = event.systemProperties as { readonly messageId?: unknown };
        if (typeof messageId === "string") reader.waiting.get(messageId)?.(event);
      },
      onFailure,
    });
    void opened.then(
      (result) => {
        if (!result.ok) onFailure(result.failure);
      },
      (error: unknown) => onFailure({ code: "hub_error", message: String(error) }),
    );
    return reader;
  }

  async #within(ms: number, begin: (resolve: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      begin(() => {
        cancel();
        resolve();
      });
    });
  }
}

function whyNot(failure: Failure | null): string {
  if (failure === null) {
    return `Not seen at the hub's endpoint within ${WAIT_MS / 1_000} s: its routes may lead it elsewhere, with the fallback route off.`;
  }
  const { code, message } = failure;
  const mayNot = code === "permission_missing" || code === "key_refused";
  return mayNot ? `The policy may not read the hub's endpoint (service connect): ${message}` : message;
}
