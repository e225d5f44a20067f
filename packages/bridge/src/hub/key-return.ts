/**
 * Goes back to the first key once the hub takes it again. It is tried on a connection of its own that opens no link, so
 * that nothing under way is put at risk.
 */
import type { HubEndpoint } from "../core/hub-client.ts";
import { openAmqpConnection } from "./amqp-connection.ts";
import type { KeyRing } from "./key-ring.ts";
import { TokenLink } from "./put-token.ts";

const LONGEST_WAIT_MS = 15 * 60_000;

export interface KeyReturnOptions {
  readonly keys: KeyRing;
  readonly endpoint: () => HubEndpoint | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds until the first try; later ones come at growing distances. */
  readonly firstTry: number;
}

export class KeyReturn {
  readonly #options: KeyReturnOptions;
  #timer: NodeJS.Timeout | undefined;
  #wait = 0;
  readonly #closing = new AbortController();

  constructor(options: KeyReturnOptions) {
    this.#options = options;
  }

  /** To be called whenever another key is in use. */
  watch(): void {
    clearTimeout(this.#timer);
    this.#wait = this.#options.firstTry;
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  #schedule(): void {
    if (this.#closing.signal.aborted || this.#options.keys.inUse === "primary") return;
    this.#timer = setTimeout(() => void this.#try(), this.#wait).unref();
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }

  async #try(): Promise<void> {
    const keys = this.#options.keys;
    const endpoint = this.#options.endpoint();
    const token = endpoint === undefined ? null : keys.otherToken(endpoint.hostName);
    if (endpoint !== undefined && token !== null && (await this.#isTaken(endpoint, token.text))) keys.prefer(token);
    else this.#schedule();
  }

  async #isTaken(endpoint: HubEndpoint, token: string): Promise<boolean> {
    const { now } = this.#options;
    const { signal } = this.#closing;
    const opened = await openAmqpConnection({ endpoint, now, signal, onEnd: () => undefined });
    if (!opened.ok) return false;
    const link = new TokenLink({ connection: opened.value.rhea, audience: endpoint.hostName, now });
    const refused = await link.put(token);
    await opened.value.close();
    return refused === null;
  }
}
