/** What each REST operation counts as in the tiers that limit it. Telemetry is counted by the model, for all protocols. */
import type { Hub } from "../hub/hub.ts";
import type { Operation } from "../hub/limits/tiers.ts";
import type { Route } from "./exchange.ts";

type ByMethod = Partial<Readonly<Record<Route["method"] | "any", Operation>>>;

const REGISTRY: ByMethod = { any: "identity" };
const TWIN: ByMethod = { GET: "twinRead", any: "twinUpdate" };
const METHOD: ByMethod = { any: "method" };
const JOB: ByMethod = { any: "job" };
const CONFIGURATION: ByMethod = { any: "configuration" };

/** By a route's path in lower case. */
const OPERATIONS_OF: ReadonlyMap<string, ByMethod> = new Map(
  Object.entries({
    "/devices": REGISTRY,
    "/devices/:deviceId": REGISTRY,
    "/devices/:deviceId/modules": REGISTRY,
    "/devices/:deviceId/modules/:moduleId": REGISTRY,
    "/statistics/devices": REGISTRY,
    "/statistics/service": REGISTRY,
    "/twins/:deviceId": TWIN,
    "/twins/:deviceId/modules/:moduleId": TWIN,
    "/twins/:deviceId/methods": METHOD,
    "/twins/:deviceId/modules/:moduleId/methods": METHOD,
    "/digitaltwins/:deviceId": TWIN,
    "/digitaltwins/:deviceId/commands/:command": METHOD,
    "/digitaltwins/:deviceId/components/:component/commands/:command": METHOD,
    "/devices/query": { any: "query" },
    "/devices/:deviceId/commands": { any: "cloudToDeviceSend" },
    "/devices/:deviceId/messages/devicebound": { GET: "cloudToDeviceReceive" },
    "/devices/:deviceId/files": { POST: "fileUpload" },
    "/jobs": JOB,
    "/jobs/create": JOB,
    "/jobs/:jobId": JOB,
    "/jobs/v2/query": JOB,
    "/jobs/v2/:jobId": JOB,
    "/jobs/v2/:jobId/cancel": JOB,
    "/configurations": CONFIGURATION,
    "/configurations/:configurationId": CONFIGURATION,
    "/configurations/testQueries": CONFIGURATION,
    "/devices/:deviceId/applyConfigurationContent": CONFIGURATION,
  } satisfies Record<string, ByMethod>).map(([path, operations]) => [shapeOf(path), operations]),
);

/** Spends what a request costs; see `Limits.spend`. Bodies of bulk requests count each of their entries. */
export function spend(hub: Hub, { method, path }: Route, body: Buffer): Promise<void> | undefined {
  if (hub.limits.tier === undefined) return undefined;
  const operations = OPERATIONS_OF.get(shapeOf(path));
  const operation = operations?.[method] ?? operations?.any;
  if (operation === undefined) return undefined;
  const count = method === "POST" && path === "/devices" ? entriesOf(body) : 1;
  return hub.limits.spend(operation, { count, messages: hub.limits.blocks(body.length) });
}

// Names of parameters are the routes' own affair.
function shapeOf(path: string): string {
  return path.replaceAll(/:[a-z]+/gi, ":").toLowerCase();
}

function entriesOf(body: Buffer): number {
  try {
    const document: unknown = JSON.parse(body.toString());
    return Array.isArray(document) ? Math.min(Math.max(document.length, 1), 100) : 1;
  } catch {
    return 1;
  }
}
