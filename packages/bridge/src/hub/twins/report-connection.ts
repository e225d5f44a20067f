/**
 * One connection with a pair of links for each device that has something to report, opened when it has and closed when it
 * has not. Ends once, and all that waits on it with it.
 */
import type { Session } from "rhea";
import type { Failure, Result } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import { openAmqpConnection } from "../amqp-connection.ts";
import type { AmqpConnection } from "../amqp-connection.ts";
import { AttachPace } from "../attach-pace.ts";
import { ConnectionToken } from "../connection-token.ts";
import type { KeyRing } from "../key-ring.ts";
import { TwinLink } from "./twin-link.ts";

export interface ReportLimits {
  /** Devices with links at the same time. */
  readonly devices: number;
  /** Milliseconds without a report after which a device's links are closed. */
  readonly idleTime: number;
  /** Milliseconds for links to open, and for an answer. */
  readonly answerTimeout: number;
  /** Pairs of links opened each second, where the endpoint names no rate of its own. */
  readonly attachRate: number;
}

export const REPORT_LIMITS: ReportLimits = { devices: 200, idleTime: 60_000, answerTimeout: 20_000, attachRate: 50 };

export interface ReportConnectionOptions {
  readonly endpoint: HubEndpoint;
  readonly keys: KeyRing;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly limits: ReportLimits;
  /** Called once, when nothing more can be reported over it. */
  readonly onEnd: () => void;
}

export class ReportConnection {
  readonly #options: ReportConnectionOptions;
  readonly #pace: AttachPace;
  /** Least recently used first. */
  readonly #links = new Map<string, TwinLink>();
  readonly #closing = new Set<TwinLink>();
  readonly #connecting = new AbortController();
  #amqp: AmqpConnection | undefined;
  #token: ConnectionToken | undefined;
  #session: Session | undefined;
  #hasOtherKey = false;
  #ended: Failure | undefined;

  constructor(options: ReportConnectionOptions) {
    this.#options = options;
    const { linksPerSecond } = options.endpoint;
    const perSecond = linksPerSecond === undefined ? options.limits.attachRate : linksPerSecond / 2;
    this.#pace = new AttachPace({ perSecond, burst: options.limits.attachRate });
  }

  get size(): number {
    return this.#links.size + this.#closing.size;
  }

  /** It ended because its key was refused, and there is another one that is worth a try at once. */
  get hasOtherKey(): boolean {
    return this.#hasOtherKey;
  }

  has(deviceId: string): boolean {
    return this.#links.has(deviceId);
  }

  async start(): Promise<void> {
    const { endpoint, keys, now, limits } = this.#options;
    const { answerTimeout } = limits;
    const onEnd = (failure: Failure): void => this.#end(failure);
    const opened = await openAmqpConnection({ endpoint, now, signal: this.#connecting.signal, onEnd });
    if (!opened.ok) return this.#end(opened.failure);
    this.#amqp = opened.value;
    const connection = this.#amqp.rhea;
    const onRefused = (failure: Failure): void => this.#amqp?.end(failure);
    const { hostName } = endpoint;
    const token = (this.#token = new ConnectionToken({ connection, hostName, keys, answerTimeout, now, onRefused }));
    const refused = await token.begin();
    if (refused !== null) return this.#amqp.end(refused);
    if (this.#ended !== undefined) return;
    this.#session = connection.create_session();
    this.#session.begin();
    for (const link of this.#links.values()) this.#attachInTurn(link);
    if (!token.isCurrent) await token.renew();
  }

  async report(deviceId: string, body: Buffer): Promise<Result<number | null>> {
    if (this.#ended !== undefined) return { ok: false, failure: this.#ended };
    const link = this.#links.get(deviceId) ?? this.#add(deviceId);
    if (link === undefined) return { ok: false, failure: NO_ROOM };
    // A Map keeps insertion order: taking a link out and in again makes it the most recently used.
    this.#links.delete(deviceId);
    this.#links.set(deviceId, link);
    return link.report(body);
  }

  async giveUp(deviceId: string): Promise<void> {
    const link = this.#links.get(deviceId);
    await link?.whenIdle();
    if (link !== undefined && this.#links.get(deviceId) === link) await this.#close(link);
  }

  /** Closes links that nothing has used since `before` (Unix milliseconds). */
  closeIdle(before: number): void {
    for (const link of this.#links.values()) if (link.isIdle && link.lastUsed < before) void this.#close(link);
  }

  async renewToken(): Promise<void> {
    if (this.#amqp !== undefined) await this.#token?.renew();
  }

  async close(): Promise<void> {
    this.#connecting.abort();
    for (const link of this.#links.values()) link.fail(CLOSED);
    await this.#amqp?.close();
    this.#end(CLOSED);
  }

  #add(deviceId: string): TwinLink | undefined {
    if (this.#links.size >= this.#options.limits.devices) {
      const idle = [...this.#links.values()].find(({ isIdle }) => isIdle);
      if (idle === undefined) return undefined;
      void this.#close(idle);
    }
    const { limits, now } = this.#options;
    const onEnd = (ended: TwinLink, failure: Failure | null): void => this.#linkEnded(ended, failure);
    const link = new TwinLink({ deviceId, answerTimeout: limits.answerTimeout, now, onEnd });
    if (this.#session !== undefined) this.#attachInTurn(link);
    return link;
  }

  #attachInTurn(link: TwinLink): void {
    this.#pace.enqueue(() => this.#ended === undefined && this.#session !== undefined && link.attach(this.#session));
  }

  #linkEnded(link: TwinLink, failure: Failure | null): void {
    // It had the permission a moment ago, so it is the token that is worth nothing any more: for all links.
    if (failure?.code === "permission_missing" && link.wasGranted) return this.#amqp?.end(KEY_GONE);
    void this.#close(link, failure ?? UNANSWERED);
  }

  async #close(link: TwinLink, failure: Failure = CLOSED): Promise<void> {
    if (this.#links.get(link.deviceId) === link) this.#links.delete(link.deviceId);
    this.#closing.add(link);
    await link.end(failure);
    this.#closing.delete(link);
  }

  #end(failure: Failure): void {
    if (this.#ended !== undefined) return;
    this.#ended = failure;
    this.#hasOtherKey = this.#token?.end(failure) ?? false;
    this.#pace.close();
    for (const link of [...this.#links.values(), ...this.#closing]) link.lost(failure);
    this.#links.clear();
    this.#options.onEnd();
  }
}

const CLOSED: Failure = { code: "hub_unreachable", message: "The bridge closed the connection." };
const NO_ROOM: Failure = { code: "not_sent", message: "Too many devices report at the same time; it is tried again." };
const UNANSWERED: Failure = { code: "outcome_unknown", message: "An earlier report of this device got no answer." };
const KEY_GONE: Failure = {
  code: "key_refused",
  message: "The hub ended the links of the connection: the key that opened them is no longer valid.",
};
