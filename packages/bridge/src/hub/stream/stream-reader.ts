/** Reads a hub's stream for as long as it is wanted: through lost connections, changed keys and hubs that start anew. */
import { backoffMs } from "../../core/backoff.ts";
import type { Backoff } from "../../core/backoff.ts";
import { fail } from "../../core/failure.ts";
import type { Failure } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import type { Log } from "../../core/log.ts";
import type { StreamOptions } from "../../core/twin-hub.ts";
import { scrub } from "../error-classification.ts";
import type { KeyRing, KeyToken } from "../key-ring.ts";
import { findTarget } from "./event-hub-target.ts";
import { PartitionPosition } from "./partition-position.ts";
import { pause, StreamSession } from "./stream-session.ts";

const TIMES = { openTimeout: 20_000, lookAfter: 30_000, confirmAfter: 2_000, stopTimeout: 5_000 } as const;
const BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000 };

export interface StreamTimes {
  /** Milliseconds until every partition has to be open. */
  readonly openTimeout?: number;
  /** Milliseconds without events after which a partition's end is looked up. */
  readonly lookAfter?: number;
  /** Milliseconds until a stream's end is looked up again that seems to be before what was read. */
  readonly confirmAfter?: number;
  /** Milliseconds for events that are being taken when nobody wants more of them. */
  readonly stopTimeout?: number;
  readonly backoff?: Backoff;
}

export interface StreamReaderOptions {
  readonly endpoint: () => HubEndpoint | undefined;
  /** With its present keys. */
  readonly connection: () => HubConnection;
  readonly keys: KeyRing;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly times?: StreamTimes;
}

export class StreamReader {
  readonly #options: StreamReaderOptions;
  readonly #stream: StreamOptions;
  /** By partition: over all sessions. */
  readonly #positions = new Map<string, PartitionPosition>();
  #session: StreamSession | undefined;
  /** Aborts when the present try is not worth waiting after: it had other keys, or nobody wants more. */
  #over = new AbortController();
  /** Told last; `undefined`: nothing was. */
  #trouble: Failure | null | undefined;
  #failures = 0;

  constructor(options: StreamReaderOptions, stream: StreamOptions) {
    this.#options = options;
    this.#stream = stream;
  }

  /** Resolves when the signal has aborted and everything is closed. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stream;
    signal.addEventListener("abort", () => this.#over.abort(), { once: true });
    while (!signal.aborted) {
      this.#over = new AbortController();
      const failure = await this.#read().catch(cannotBeRead);
      if (signal.aborted || failure === null) continue;
      this.#tell(failure);
      this.#failures += 1;
      const wait = backoffMs(this.#options.times?.backoff ?? BACKOFF, this.#failures, Math.random);
      await pause(wait, this.#over.signal);
    }
  }

  /** The connection has other keys: they are used from now on. */
  renew(): void {
    this.#session?.end(null);
    this.#over.abort();
  }

  // One session. `null`: the next one is to begin at once.
  async #read(): Promise<Failure | null> {
    const { endpoint: endpointOf, connection, keys, now, log, times = {} } = this.#options;
    const { openTimeout, lookAfter, confirmAfter, stopTimeout } = { ...TIMES, ...times };
    const { signal, endpoint: given } = this.#stream;
    const endpoint = endpointOf();
    if (endpoint === undefined)
      return fail("hub_unreachable", "The hub is not running, or has not said where.").failure;
    const token = keys.token(endpoint.hostName);
    const found = await findTarget({
      endpoint,
      connection: withKey(connection(), token),
      token: token.text,
      given,
      now,
      signal,
      answerTimeout: openTimeout,
    });
    if (!found.ok) return this.#other(token, found.failure);
    const session = new StreamSession({
      stream: this.#stream,
      target: found.value,
      positionOf: (partitionId) => this.#positionOf(partitionId),
      onOpen: () => {
        this.#failures = 0;
        this.#tell(null);
      },
      now,
      log,
      openTimeout,
      lookAfter,
      confirmAfter,
      stopTimeout,
    });
    this.#session = session;
    const failure = await session.run();
    this.#session = undefined;
    return failure !== null && found.value.isOfPolicy ? this.#other(token, failure) : failure;
  }

  // Another key is worth a try at once, and no trouble of anybody's.
  #other(token: KeyToken, failure: Failure): Failure | null {
    return failure.code === "key_refused" && this.#options.keys.refused(token) ? null : failure;
  }

  #positionOf(partitionId: string): PartitionPosition {
    const { after, since } = this.#stream;
    const position = this.#positions.get(partitionId) ?? new PartitionPosition(after.get(partitionId) ?? null, since);
    this.#positions.set(partitionId, position);
    return position;
  }

  #tell(trouble: Failure | null): void {
    if (this.#trouble !== undefined && this.#trouble?.code === trouble?.code) return;
    this.#trouble = trouble;
    this.#stream.onTrouble(trouble);
  }
}

// Such as a name that the client does not take.
function cannotBeRead(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: "stream_not_found", message: `The hub's messages cannot be read: ${scrub(reason)}` };
}

function withKey(connection: HubConnection, { key }: KeyToken): HubConnection {
  const { secondaryKey } = connection;
  return key === "secondary" && secondaryKey !== null ? { ...connection, policyKey: secondaryKey } : connection;
}
