/** Automatic configurations as they are kept and shown: what devices or modules of a target condition shall have set. */
import type { JsonObject } from "../twins/twin.ts";

export interface ConfigurationContent {
  /** Values by path (`properties.desired.a.b`) for devices, or for modules. */
  readonly deviceContent?: JsonObject;
  readonly moduleContent?: JsonObject;
  /** A deployment of IoT Edge; kept, and left to Edge. */
  readonly modulesContent?: JsonObject;
}

export interface Configuration {
  readonly id: string;
  readonly schemaVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly content: ConfigurationContent;
  readonly targetCondition: string;
  /** The higher wins; of equals the one created later. */
  readonly priority: number;
  /** Queries by the name of the metric. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
  readonly etag: string;
}

/** Numbers by the name of the metric; one that could not be found out is absent. */
export type MetricResults = Readonly<Record<string, number>>;

export function formatConfiguration(
  configuration: Configuration,
  results: { readonly system: MetricResults; readonly custom: MetricResults },
): JsonObject {
  const { id, schemaVersion, labels, content, targetCondition, priority, metrics, etag } = configuration;
  return {
    id,
    schemaVersion,
    labels: { ...labels },
    content: { ...content },
    targetCondition,
    createdTimeUtc: new Date(configuration.createdTime).toISOString(),
    lastUpdatedTimeUtc: new Date(configuration.lastUpdatedTime).toISOString(),
    priority,
    systemMetrics: { results: { ...results.system }, queries: systemQueries(configuration) },
    metrics: { results: { ...results.custom }, queries: { ...metrics } },
    etag,
  };
}

/** Orders those that rule over others behind them. */
export function byRank(a: Configuration, b: Configuration): number {
  return a.priority - b.priority || a.createdTime - b.createdTime || (a.id < b.id ? -1 : 1);
}

function systemQueries({ id, targetCondition }: Configuration): JsonObject {
  const stated = /^\s*from\s/i.test(targetCondition);
  const all = targetCondition.trim() === "*";
  const from = stated ? targetCondition.trim() : `from devices${all ? "" : ` where ${targetCondition}`}`;
  const modules = /^\s*from\s+devices\s*\.\s*modules\b/i.test(targetCondition);
  return {
    targetedCount: `select deviceId ${from}`,
    appliedCount: `select deviceId from devices${modules ? ".modules" : ""} where configurations.[[${id}]].status = 'Applied'`,
  };
}
