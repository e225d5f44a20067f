/** Routing settings made ready: conditions compiled, endpoints found, one list of routes for each source. */
import { MAX_MESSAGE_BYTES, messageSize } from "iot-hub-protocol";
import type { DeviceMessage } from "iot-hub-protocol";
import type { EventStream } from "../events/event-stream.ts";
import { parseCondition } from "../query/condition.ts";
import type { Condition } from "../query/condition.ts";
import { compileEnrichment, enrich } from "./enrich.ts";
import type { CompiledEnrichment } from "./enrich.ts";
import type { MessageSource } from "./message-source.ts";
import type { RoutedMessage } from "./routed-message.ts";
import { BUILT_IN_ENDPOINT, isAlways } from "./routing-settings.ts";
import type { MessageRoute, RoutingSettings } from "./routing-settings.ts";

interface Endpoint {
  readonly stream: EventStream;
  readonly enrichments: readonly CompiledEnrichment[];
}

interface CompiledRoute {
  readonly name: string;
  /** Absent when every message is taken. */
  readonly condition?: Condition;
  readonly endpoints: readonly Endpoint[];
}

/** What an endpoint gets. */
export interface RoutedCopy {
  readonly stream: EventStream;
  readonly message: DeviceMessage;
}

export class RouteTable {
  /** Device messages go to the built-in endpoint as they are, and nowhere else. */
  readonly isDirect: boolean;
  readonly #routes: ReadonlyMap<MessageSource, readonly CompiledRoute[]>;
  readonly #fallback: Endpoint | undefined;

  /** `streamOf` finds the stream of an endpoint, which must exist. */
  constructor(settings: RoutingSettings, hubName: string, streamOf: (endpointName: string) => EventStream) {
    const endpoints = new Map<string, Endpoint>();
    for (const name of [BUILT_IN_ENDPOINT, ...settings.endpoints.map((endpoint) => endpoint.name)]) {
      const enrichments = settings.enrichments.filter(({ endpointNames }) => endpointNames.includes(name));
      endpoints.set(name, {
        stream: streamOf(name),
        enrichments: enrichments.map((enrichment) => compileEnrichment(enrichment, hubName)),
      });
    }
    this.#routes = compileRoutes(settings.routes, endpoints);
    this.#fallback = settings.fallback.isEnabled ? endpoints.get(BUILT_IN_ENDPOINT) : undefined;
    this.isDirect = !this.wants("DeviceMessages") && this.#fallback?.enrichments.length === 0;
  }

  /** Whether any route takes messages of this source. */
  wants(source: MessageSource): boolean {
    return this.#routes.has(source);
  }

  /** Names of the routes that take a message; the fallback route is `$fallback`. */
  matches(source: MessageSource, routed: RoutedMessage): readonly string[] {
    const names = this.#taking(source, routed).map(({ name }) => name);
    return names.length === 0 && source === "DeviceMessages" && this.#fallback !== undefined ? ["$fallback"] : names;
  }

  /** What each endpoint gets of a message: at most one copy, however many routes lead to it. */
  copies(source: MessageSource, routed: RoutedMessage): readonly RoutedCopy[] {
    const endpoints = new Set(this.#taking(source, routed).flatMap((route) => route.endpoints));
    if (endpoints.size === 0 && source === "DeviceMessages" && this.#fallback !== undefined)
      endpoints.add(this.#fallback);
    const copies: RoutedCopy[] = [];
    for (const { stream, enrichments } of endpoints) {
      if (enrichments.length === 0) {
        copies.push({ stream, message: routed.message });
        continue;
      }
      const message = enrich(routed, enrichments);
      // A message that its enrichments make too large is lost to this endpoint, as in the service.
      if (messageSize(message) <= MAX_MESSAGE_BYTES) copies.push({ stream, message });
    }
    return copies;
  }

  #taking(source: MessageSource, routed: RoutedMessage): readonly CompiledRoute[] {
    const routes = this.#routes.get(source) ?? [];
    return routes.filter(({ condition }) => condition === undefined || condition(routed.resolve) === true);
  }
}

function compileRoutes(
  routes: readonly MessageRoute[],
  endpoints: ReadonlyMap<string, Endpoint>,
): ReadonlyMap<MessageSource, readonly CompiledRoute[]> {
  const bySource = new Map<MessageSource, CompiledRoute[]>();
  for (const route of routes) {
    const compiled = compileRoute(route, endpoints);
    if (!route.isEnabled) continue;
    bySource.set(route.source, [...(bySource.get(route.source) ?? []), compiled]);
  }
  return bySource;
}

function compileRoute(
  { name, condition: text, endpointNames }: MessageRoute,
  endpoints: ReadonlyMap<string, Endpoint>,
): CompiledRoute {
  const targets = endpointNames.flatMap((endpoint) => endpoints.get(endpoint) ?? []);
  if (isAlways(text)) return { name, endpoints: targets };
  return { name, condition: parseCondition(text, "routing"), endpoints: targets };
}
