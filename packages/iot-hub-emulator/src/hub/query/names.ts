/**
 * The names that a path may begin with. The hub's own names may be written in any case, as clients do (`DeviceId`,
 * `LastActivityTime`); tags and properties are matched exactly. That difference is inferred.
 */
import type { Dialect } from "./expression.ts";

/** The names under which each dialect's rows are found in FROM. */
export const COLLECTION_OF: Readonly<Record<Exclude<Dialect, "routing">, readonly string[]>> = {
  devices: ["devices"],
  modules: ["devices", "modules"],
  jobs: ["devices", "jobs"],
};

const OWN_NAMES: readonly string[] =
  `deviceId moduleId etag deviceEtag status statusReason statusUpdateTime connectionState lastActivityTime
  cloudToDeviceMessageCount authenticationType x509Thumbprint modelId version tags properties capabilities deviceScope
  parentScopes configurations jobId jobType startTimeUtc endTimeUtc createdDateTimeUtc lastUpdatedDateTimeUtc outcome
  error`.split(/\s+/);
const SECOND_NAMES: Readonly<Record<string, readonly string[]>> = {
  properties: ["desired", "reported"],
  capabilities: ["iotEdge"],
};

const FIRST = byLowerCase(OWN_NAMES);
const SECOND = new Map(Object.entries(SECOND_NAMES).map(([name, members]) => [name, byLowerCase(members)]));

/** A path as the documents spell it, without the collection's name or alias before it. */
export function settledPath(
  segments: readonly (string | number)[],
  prefixes: readonly (readonly string[])[],
): readonly (string | number)[] {
  const prefix = prefixes.find((names) => begins(segments, names));
  const [first, second, ...rest] = prefix === undefined ? segments : segments.slice(prefix.length);
  if (first === undefined) return [];
  const root = FIRST.get(String(first).toLowerCase()) ?? first;
  if (second === undefined) return [root];
  return [root, SECOND.get(String(root))?.get(String(second).toLowerCase()) ?? second, ...rest];
}

function begins(segments: readonly (string | number)[], names: readonly string[]): boolean {
  return (
    segments.length > names.length && names.every((name, i) => String(segments[i]).toLowerCase() === name.toLowerCase())
  );
}

function byLowerCase(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}
