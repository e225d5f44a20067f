/** What a user sets for routing: routes, endpoints, enrichments and the fallback route, named as the service names them. */
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import { parseCondition } from "../query/condition.ts";
import { MESSAGE_SOURCES, messageSource } from "./message-source.ts";
import type { MessageSource } from "./message-source.ts";

/** Name of the built-in endpoint in routes and enrichments. */
export const BUILT_IN_ENDPOINT = "events";

export interface MessageRoute {
  readonly name: string;
  readonly source: MessageSource;
  /** In the routing query language; `true` for every message. */
  readonly condition: string;
  readonly endpointNames: readonly string[];
  readonly isEnabled: boolean;
}

/** A place for messages besides the built-in one: an event stream that is read under this name. */
export interface RoutingEndpoint {
  readonly name: string;
  /** 1 to 32; fixed when the endpoint is made. */
  readonly partitionCount: number;
}

/** An application property that is added to messages on their way to some endpoints. */
export interface Enrichment {
  readonly key: string;
  /** A text, `$iothubname`, or a path into the sender's twin: `$twin.tags.…`, `$twin.properties.…`. */
  readonly value: string;
  readonly endpointNames: readonly string[];
}

export interface RoutingSettings {
  readonly routes: readonly MessageRoute[];
  readonly endpoints: readonly RoutingEndpoint[];
  readonly enrichments: readonly Enrichment[];
  /** Whether device messages that no route takes come to the built-in endpoint. */
  readonly fallback: { readonly isEnabled: boolean };
}

/** Settings as they are written: what is left out has its default. */
export interface RoutingOptions {
  readonly routes?: readonly (Pick<MessageRoute, "name" | "endpointNames"> & {
    /** Default `DeviceMessages`. */
    readonly source?: MessageSource;
    /** Default `true`. */
    readonly condition?: string;
    /** Default true. */
    readonly isEnabled?: boolean;
  })[];
  readonly endpoints?: readonly (Pick<RoutingEndpoint, "name"> & {
    /** Default 4. */
    readonly partitionCount?: number;
  })[];
  readonly enrichments?: readonly Enrichment[];
  /** Default enabled. */
  readonly fallback?: { readonly isEnabled: boolean };
}

export const NO_ROUTES: RoutingSettings = { routes: [], endpoints: [], enrichments: [], fallback: { isEnabled: true } };

const MAX_ROUTES = 100;
const MAX_ENDPOINTS = 10;
const MAX_ENRICHMENTS = 10;
const MAX_PARTITIONS = 32;
const DEFAULT_PARTITIONS = 4;
const ROUTE_NAME = /^[A-Za-z0-9._-]{1,64}$/;
// It names a folder too.
const ENDPOINT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ENRICHMENT_KEY = /^[A-Za-z0-9._-]{1,128}$/;
const RESERVED = new Set([BUILT_IN_ENDPOINT, "operationsmonitoringevents", "filenotifications", "$default"]);
const FIELDS = ["routes", "endpoints", "enrichments", "fallback"];

/** Reads settings from JSON. Throws `ArgumentInvalid` that names the field; conditions are read too. */
export function parseRouting(document: unknown): RoutingSettings {
  const source = requireObject(document, "The routing");
  const stranger = Object.keys(source).find((key) => !FIELDS.includes(key));
  if (stranger !== undefined) throw invalid(`${stranger} is no field of the routing; there are ${FIELDS.join(", ")}`);
  const endpoints = listOf(source["endpoints"], "endpoints", MAX_ENDPOINTS, parseEndpoint);
  requireDistinct(endpoints, "endpoints", ({ name }) => name);
  const names = new Map(endpoints.map(({ name }) => [name.toLowerCase(), name]));
  names.set(BUILT_IN_ENDPOINT, BUILT_IN_ENDPOINT);
  const routes = listOf(source["routes"], "routes", MAX_ROUTES, (item, field) => parseRoute(item, field, names));
  requireDistinct(routes, "routes", ({ name }) => name);
  const enrichments = listOf(source["enrichments"], "enrichments", MAX_ENRICHMENTS, (item, field) =>
    parseEnrichment(item, field, names),
  );
  requireDistinct(enrichments, "enrichments", ({ key }) => key);
  const fallback = requireObject(source["fallback"] ?? {}, "fallback");
  return {
    routes,
    endpoints,
    enrichments,
    fallback: { isEnabled: flagOf(fallback["isEnabled"], "fallback.isEnabled") },
  };
}

type EndpointNames = ReadonlyMap<string, string>;

function parseEndpoint(item: unknown, field: string): RoutingEndpoint {
  const { name, partitionCount = DEFAULT_PARTITIONS } = requireObject(item, field);
  const text = textOf(name, `${field}.name`, ENDPOINT_NAME, "1 to 64 letters, digits, '.', '-' or '_'");
  if (RESERVED.has(text.toLowerCase())) throw invalid(`${field}.name must not be ${text}: the service keeps that name`);
  const count = Number.isInteger(partitionCount) ? (partitionCount as number) : 0;
  if (count < 1 || count > MAX_PARTITIONS) throw invalid(`${field}.partitionCount must be 1 to ${MAX_PARTITIONS}`);
  return { name: text, partitionCount: count };
}

function parseRoute(item: unknown, field: string, endpoints: EndpointNames): MessageRoute {
  const route = requireObject(item, field);
  const name = textOf(route["name"], `${field}.name`, ROUTE_NAME, "1 to 64 letters, digits, '.', '-' or '_'");
  const { source: sourceName = "DeviceMessages", condition = "true" } = route;
  const source = typeof sourceName === "string" ? messageSource(sourceName) : undefined;
  if (source === undefined) {
    throw invalid(`${field}.source must be one of ${Object.keys(MESSAGE_SOURCES).join(", ")}`);
  }
  if (typeof condition !== "string") throw invalid(`${field}.condition must be a text; true stands for every message`);
  const endpointNames = endpointNamesOf(route["endpointNames"], `${field}.endpointNames`, endpoints);
  requireCondition(condition, `${field}.condition`);
  return { name, source, condition, endpointNames, isEnabled: flagOf(route["isEnabled"], `${field}.isEnabled`) };
}

/** A condition that every message meets. */
export function isAlways(condition: string): boolean {
  return /^\s*true\s*$/i.test(condition);
}

function requireCondition(text: string, field: string): void {
  if (isAlways(text)) return;
  try {
    parseCondition(text, "routing");
  } catch (error) {
    if (error instanceof HubError) throw invalid(`${field}: ${error.message.replace(/\.$/, "")}`);
    throw error;
  }
}

function parseEnrichment(item: unknown, field: string, endpoints: EndpointNames): Enrichment {
  const enrichment = requireObject(item, field);
  const key = textOf(enrichment["key"], `${field}.key`, ENRICHMENT_KEY, "1 to 128 letters, digits, '.', '-' or '_'");
  const { value } = enrichment;
  if (typeof value !== "string" || value === "") throw invalid(`${field}.value must be a text`);
  return {
    key,
    value,
    endpointNames: endpointNamesOf(enrichment["endpointNames"], `${field}.endpointNames`, endpoints),
  };
}

function endpointNamesOf(value: unknown, field: string, endpoints: EndpointNames): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(`${field} must name at least one endpoint`);
  const names = value.map((name: unknown) => {
    const known = typeof name === "string" ? endpoints.get(name.toLowerCase()) : undefined;
    if (known === undefined)
      throw invalid(`${field} names no endpoint; there are ${[...endpoints.values()].join(", ")}`);
    return known;
  });
  return [...new Set(names)];
}

function listOf<T>(value: unknown, field: string, max: number, parse: (item: unknown, field: string) => T): T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(`${field} must be an array`);
  if (value.length > max) throw invalid(`${field} has ${value.length} entries; at most ${max} are possible`);
  return value.map((item: unknown, i) => parse(item, `${field}[${i}]`));
}

function requireDistinct<T>(items: readonly T[], field: string, nameOf: (item: T) => string): void {
  const seen = new Set<string>();
  for (const item of items) {
    const name = nameOf(item);
    if (seen.has(name.toLowerCase())) throw invalid(`${field} has ${name} twice`);
    seen.add(name.toLowerCase());
  }
}

function textOf(value: unknown, field: string, form: RegExp, rule: string): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw invalid(`${field} must be ${rule}`);
}

function flagOf(value: unknown, field: string): boolean {
  if (value === undefined) return true;
  if (typeof value !== "boolean") throw invalid(`${field} must be true or false`);
  return value;
}

function invalid(text: string): HubError {
  return new HubError("ArgumentInvalid", `${text}.`);
}
