/** Finds the route of a request. Literal segments win over parameters, whatever their order in the table. */
import { HubError } from "../hub/errors.ts";
import type { Route } from "./exchange.ts";

interface Match {
  readonly route: Route;
  /** Percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
}

export type Router = (method: string, path: string) => Match;

interface Pattern {
  readonly route: Route;
  readonly segments: readonly string[];
}

/** `path` is a request's path without query, still encoded. Throws `ResourceNotFound`, `MethodNotAllowed` or `ArgumentInvalid`. */
export function createRouter(routes: readonly Route[]): Router {
  const patterns = routes
    .map((route): Pattern => ({ route, segments: split(route.path) }))
    .toSorted((a, b) => parameters(a) - parameters(b));
  return (method, path) => {
    const segments = split(path);
    const fitting = patterns.filter((pattern) => fits(pattern, segments));
    const pattern = fitting.find(({ route }) => route.method === method);
    if (pattern !== undefined) return { route: pattern.route, params: paramsOf(pattern, segments) };
    if (fitting.length > 0) throw new HubError("MethodNotAllowed", `${method} is not possible here.`);
    throw new HubError("ResourceNotFound", "The hub has no such path.");
  };
}

// A trailing slash is not a segment: the service SDK lists devices at `/devices/`.
function split(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function fits({ segments: pattern }: Pattern, segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, i) => part.startsWith(":") || part.toLowerCase() === segments[i]?.toLowerCase())
  );
}

function parameters({ segments }: Pattern): number {
  return segments.filter((segment) => segment.startsWith(":")).length;
}

function paramsOf({ segments: pattern }: Pattern, segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decode(segments[i] ?? "");
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HubError("ArgumentInvalid", "The path is not percent-encoded UTF-8.");
  }
}
