/**
 * Prometheus metrics. Gathered when asked for, so that counting costs next to nothing per event; only latencies are
 * observed on the way. Labels are bounded: beyond a number of integrations the rest is counted together.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from "prom-client";
import type { NamedLedger } from "./core/delivery-history.ts";
import type { Integration } from "./core/integration.ts";
import type { Accept } from "./core/accept.ts";
import type { ConnectionState } from "./core/connection-state.ts";
import { stateMetrics, type StatesMeasured } from "./state-metrics.ts";

/** Integrations with labels of their own. */
const MAX_LABELLED = 1_000;
const REST = "other";
const LATENCIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface MetricsSources {
  readonly integrations: () => Promise<readonly Integration[]>;
  readonly ledgers: () => Promise<readonly NamedLedger[]>;
  readonly oldest: () => Promise<readonly { readonly integrationId: string; readonly pendingSince: number | null }[]>;
  /** Tries that have failed since the process started, by failure code. */
  readonly failures: () => ReadonlyMap<string, number>;
  readonly connections: () => readonly ConnectionState[];
  readonly storeDepth: () => number;
  /** Connections of devices over MQTT. */
  readonly deviceConnections: () => number;
  /** Listeners of event streams. */
  readonly streams: () => number;
  /** Of sources: what each is doing. */
  readonly sourceStates: () => Promise<readonly string[]>;
  readonly states: () => StatesMeasured;
  readonly isReady: () => boolean;
  readonly incidents: () => Promise<readonly unknown[]>;
  readonly now: () => number;
}

export interface Metrics {
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  /** An event was accepted after so many seconds. */
  accepted(seconds: number): void;
  /** A group of writes was on disk after so many seconds. */
  flushed(seconds: number): void;
}

type Value = readonly [labels: Readonly<Record<string, string>>, value: number];

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "isthmus_" });
  const registers: Registry[] = [registry];

  function gauge(name: string, help: string, labelNames: string[], values: () => Promise<Value[]> | Value[]): Metric {
    return new Gauge({
      name: `isthmus_${name}`,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset();
        for (const [labels, value] of await values()) this.set(labels, value);
      },
    });
  }

  const accept = new Histogram({
    name: "isthmus_accept_seconds",
    help: "From an event's arrival until it was on disk",
    buckets: LATENCIES,
    registers,
  });
  const flush = new Histogram({
    name: "isthmus_store_flush_seconds",
    help: "From a group of writes leaving for the store until it was on disk",
    buckets: LATENCIES,
    registers,
  });
  const failures = new Counter({
    name: "isthmus_delivery_failures_total",
    help: "Tries that failed since the start, by code",
    labelNames: ["code"],
    registers,
    collect() {
      this.reset();
      for (const [code, count] of sources.failures()) this.inc({ code }, count);
    },
  });

  const gauges = [
    gauge(
      "deliveries",
      "Deliveries by state; accepted = delivered + pending + parked + expired + erased",
      ["integration", "state"],
      async () => ledgerValues(await sources.ledgers()),
    ),
    gauge("oldest_pending_seconds", "Age of the oldest pending event", ["integration"], async () =>
      (await sources.oldest())
        .filter(({ pendingSince }) => pendingSince !== null)
        .slice(0, MAX_LABELLED)
        .map(({ integrationId, pendingSince }): Value => [
          { integration: integrationId },
          (sources.now() - pendingSince!) / 1_000,
        ]),
    ),
    gauge("integrations", "Integrations by whether they are disabled", ["disabled"], async () => {
      const all = await sources.integrations();
      const disabled = all.filter((one) => one.disabled).length;
      return [
        [{ disabled: "true" }, disabled],
        [{ disabled: "false" }, all.length - disabled],
      ];
    }),
    gauge("hub_open", "1 when the target takes messages, 0 while it is paused", ["connection", "hub"], () =>
      lines(sources, ({ state }) => (state === "paused" ? 0 : 1)),
    ),
    gauge("lanes_waiting", "Devices that wait for their turn to send", ["connection", "hub"], () =>
      lines(sources, ({ waiting }) => waiting),
    ),
    gauge("sends_under_way", "Messages that are being sent", ["connection", "hub"], () =>
      lines(sources, ({ inFlight }) => inFlight),
    ),
    gauge("send_rate_per_second", "Messages that the target took lately", ["connection", "hub"], () =>
      lines(sources, ({ rate }) => rate.perSecond),
    ),
    gauge("store_waiting", "Store operations that wait for a flush", [], () => [[{}, sources.storeDepth()]]),
    gauge("mqtt_connections", "Connections of devices over MQTT", [], () => [[{}, sources.deviceConnections()]]),
    gauge("event_streams", "Listeners of event streams", [], () => [[{}, sources.streams()]]),
    gauge("sources", "Sources by what they are doing", ["state"], async () => counts(await sources.sourceStates())),
    gauge("ready", "1 when events are taken", [], () => [[{}, sources.isReady() ? 1 : 0]]),
    gauge("incidents", "Incidents that nobody has acknowledged", [], async () => [
      [{}, (await sources.incidents()).length],
    ]),
  ];
  const states = stateMetrics({ ...sources, measured: sources.states, gauge, registers, maxHubs: MAX_LABELLED });
  for (const metric of [accept, flush, failures, ...gauges, ...states]) registry.registerMetric(metric);
  return {
    text: () => registry.metrics(),
    accepted: (seconds) => accept.observe(seconds),
    flushed: (seconds) => flush.observe(seconds),
  };
}

function counts(states: readonly string[]): Value[] {
  const sums = new Map<string, number>();
  for (const state of states) sums.set(state, (sums.get(state) ?? 0) + 1);
  return [...sums].map(([state, count]) => [{ state }, count]);
}

function lines({ connections }: MetricsSources, value: (state: ConnectionState) => number): Value[] {
  return connections()
    .slice(0, MAX_LABELLED)
    .map((one) => [{ connection: one.connectionId, hub: one.hostName }, value(one)]);
}

/** Deleted integrations, and those beyond the bound, are counted together: the sums stay whole. */
function ledgerValues(ledgers: readonly NamedLedger[]): Value[] {
  const sums = new Map<string, Record<string, number>>();
  const present = ledgers.filter(({ deletedAt }) => deletedAt === null).slice(0, MAX_LABELLED);
  const labelled = new Set(present.map(({ integrationId }) => integrationId));
  for (const { integrationId, ledger } of ledgers) {
    const label = labelled.has(integrationId) ? integrationId : REST;
    const sum = sums.get(label) ?? {};
    for (const [state, count] of Object.entries(ledger)) sum[state] = (sum[state] ?? 0) + Number(count);
    sums.set(label, sum);
  }
  return [...sums].flatMap(([integration, counts]) =>
    Object.entries(counts).map(([state, count]): Value => [{ integration, state }, count]),
  );
}

/** Says how many seconds each accepted event took. */
export function timed(accept: Accept, accepted: Metrics["accepted"]): Accept {
  return async (incoming) => {
    const begun = performance.now();
    const result = await accept(incoming);
    if (result.kind === "accepted") accepted((performance.now() - begun) / 1_000);
    return result;
  };
}
