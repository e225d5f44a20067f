/**
 * Message routing: settings that may change at any time, the streams of their endpoints, and the way of every message
 * through them. The order of a device's messages is kept within each endpoint.
 */
import type { DeviceMessage } from "iot-hub-protocol";
import type { EventStream } from "../events/event-stream.ts";
import { identityRef } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { Streams } from "../events/streams.ts";
import type { MessageStamps, WriteEvents } from "../events/telemetry.ts";
import type { JsonObject } from "../twins/twin.ts";
import type { MessageSource } from "./message-source.ts";
import { RouteTable } from "./route-table.ts";
import { RoutedMessage } from "./routed-message.ts";
import { BUILT_IN_ENDPOINT, NO_ROUTES, parseRouting } from "./routing-settings.ts";
import type { RoutingSettings } from "./routing-settings.ts";

export interface RoutingContext {
  readonly hubName: string;
  readonly streams: Streams;
  readonly journal: Journal;
  readonly write: WriteEvents;
  /** The twin of a device or module; `undefined` when it is not registered (any more). */
  readonly readTwin: (ref: IdentityRef) => JsonObject | undefined;
}

const KEY = "routing";

export class Routing {
  readonly #context: RoutingContext;
  #settings: RoutingSettings = NO_ROUTES;
  #table: RouteTable;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(context: RoutingContext) {
    this.#context = context;
    this.#table = this.#compile(NO_ROUTES);
  }

  /** With the settings the journal holds, or with others when they are given. Throws what `set` throws. */
  static async open(context: RoutingContext, given?: unknown): Promise<Routing> {
    const routing = new Routing(context);
    const kept = context.journal.entries.get(KEY);
    if (kept !== undefined) await routing.#apply(parseRouting(kept));
    if (given !== undefined) await routing.set(given);
    return routing;
  }

  get settings(): RoutingSettings {
    return this.#settings;
  }

  /** Device messages go to the built-in endpoint as they are: there is nothing to ask about them. */
  get isDirect(): boolean {
    return this.#table.isDirect;
  }

  /** Whether a route takes messages of this source. */
  wants(source: MessageSource): boolean {
    return this.#table.wants(source);
  }

  /**
   * Puts new settings (JSON) in place of all there are; resolves when they are written. An endpoint that is no longer named
   * goes with its events. Throws `ArgumentInvalid`, and nothing has changed then.
   */
  async set(document: unknown): Promise<RoutingSettings> {
    const settings = parseRouting(document);
    const changing = this.#changing.then(async () => {
      await this.#apply(settings);
      await this.#context.journal.commit([[KEY, settings]]);
      return settings;
    });
    // Whoever asked for the change hears of its failure; the next change only waits for its end.
    this.#changing = changing.catch(() => undefined);
    return changing;
  }

  /** Brings messages of one sender to the endpoints they are for; resolves when all of those have them. */
  async deliver(source: MessageSource, messages: readonly DeviceMessage[], stamps: MessageStamps): Promise<void> {
    const byStream = new Map<EventStream, DeviceMessage[]>();
    for (const message of messages) {
      for (const copy of this.#table.copies(source, this.#routed(message, stamps))) {
        const copies = byStream.get(copy.stream);
        if (copies === undefined) byStream.set(copy.stream, [copy.message]);
        else copies.push(copy.message);
      }
    }
    const { write } = this.#context;
    await Promise.all([...byStream].map(([stream, copies]) => write(stream, copies, stamps)));
  }

  /** Names of the routes that would take a message; `$fallback` stands for the fallback route. */
  test(source: MessageSource, message: DeviceMessage, stamps: MessageStamps): readonly string[] {
    return this.#table.matches(source, this.#routed(message, stamps));
  }

  #routed(message: DeviceMessage, stamps: MessageStamps): RoutedMessage {
    const { deviceId, moduleId } = stamps;
    const ref = identityRef(moduleId === undefined ? deviceId : { deviceId, moduleId });
    return new RoutedMessage(message, stamps, () => this.#context.readTwin(ref));
  }

  async #apply(settings: RoutingSettings): Promise<void> {
    const { streams } = this.#context;
    for (const { name, partitionCount } of settings.endpoints) await streams.open(name, partitionCount);
    this.#table = this.#compile(settings);
    const named = new Set(settings.endpoints.map(({ name }) => name.toLowerCase()));
    const dropped = this.#settings.endpoints.filter(({ name }) => !named.has(name.toLowerCase()));
    this.#settings = settings;
    for (const { name } of dropped) await streams.remove(name);
  }

  #compile(settings: RoutingSettings): RouteTable {
    const { streams, hubName } = this.#context;
    return new RouteTable(settings, hubName, (endpointName) => {
      const stream = endpointName === BUILT_IN_ENDPOINT ? streams.builtIn : streams.find(endpointName);
      if (stream === undefined) throw new Error(`The endpoint ${endpointName} has no stream.`);
      return stream;
    });
  }
}
