/**
 * The token by which one AMQP connection may speak: handed over at its start and renewed in time, by the policy's other key
 * where one is refused.
 */
import type { Connection } from "rhea";
import type { Failure } from "../core/failure.ts";
import type { KeyRing, KeyToken } from "./key-ring.ts";
import { TokenLink } from "./put-token.ts";

export interface ConnectionTokenOptions {
  readonly connection: Connection;
  readonly hostName: string;
  readonly keys: KeyRing;
  /** Milliseconds. */
  readonly answerTimeout: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** No key is left that is worth a try: the connection has to end. */
  readonly onRefused: (failure: Failure) => void;
}

export class ConnectionToken {
  readonly #options: ConnectionTokenOptions;
  readonly #link: TokenLink;
  /** The last one that was handed to the hub. */
  #last: KeyToken | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: ConnectionTokenOptions) {
    const { connection, hostName: audience, now, answerTimeout } = options;
    this.#options = options;
    this.#link = new TokenLink({ connection, audience, now, answerTimeout });
  }

  /** Hands over the first one. Resolves with `null` when the hub took it. */
  async begin(): Promise<Failure | null> {
    const token = this.#next();
    const refused = await this.#link.put(token.text);
    if (refused === null && !this.#ended) this.#scheduleRenewal(token.renewAt);
    return refused;
  }

  /** Whether the hub has a token of the key that is in use. */
  get isCurrent(): boolean {
    return this.#last !== undefined && this.#options.keys.isCurrent(this.#last);
  }

  /** Another token is to be used. One that is refused makes place for the other key's, or else ends the connection. */
  async renew(): Promise<void> {
    const { keys, onRefused } = this.#options;
    if (this.#ended) return;
    const token = this.#next();
    const refused = await this.#link.put(token.text);
    if (this.#ended || token !== this.#last) return;
    if (refused === null) this.#scheduleRenewal(token.renewAt);
    // Where there is another key, its token follows at once: whoever listens to the ring calls this again.
    else if (refused.code !== "key_refused" || !keys.refused(token)) onRefused(refused);
  }

  /** The connection has ended. Whether its key was refused and there is another one that is worth a try at once. */
  end(failure: Failure): boolean {
    this.#ended = true;
    const last = failure.code === "key_refused" ? this.#last : undefined;
    const hasOther = last !== undefined && this.#options.keys.refused(last);
    clearTimeout(this.#renewal);
    this.#link.fail(failure);
    return hasOther;
  }

  #next(): KeyToken {
    return (this.#last = this.#options.keys.token(this.#options.hostName));
  }

  #scheduleRenewal(renewAt: number): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.renew(), renewAt - this.#options.now());
  }
}
