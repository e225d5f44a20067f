/** Prometheus metrics. Gathered when asked for, so that counting costs nothing per event. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Ledger } from "./core/delivery.ts";
import type { Integration } from "./core/integration.ts";
import type { ConnectionState } from "./core/ports.ts";

export interface MetricsSources {
  readonly integrations: () => Promise<readonly Integration[]>;
  readonly ledger: (integrationId: string) => Promise<Ledger>;
  readonly connections: () => readonly ConnectionState[];
  readonly storeDepth: () => number;
  /** Connections of devices over MQTT. */
  readonly deviceConnections: () => number;
}

export function createMetrics(sources: MetricsSources): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "isthmus_" });
  const events = new Gauge({
    name: "isthmus_deliveries",
    help: "Deliveries by state; accepted = delivered + pending + parked + expired + erased",
    labelNames: ["integration", "state"],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { id } of await sources.integrations()) {
        for (const [state, count] of Object.entries(await sources.ledger(id)))
          this.set({ integration: id, state }, count as number);
      }
    },
  });
  const hubs = new Gauge({
    name: "isthmus_hub_open",
    help: "1 when the hub takes messages, 0 while it is paused",
    labelNames: ["connection", "hub"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { connectionId, hostName, state } of sources.connections()) {
        this.set({ connection: connectionId, hub: hostName }, state === "paused" ? 0 : 1);
      }
    },
  });
  const depth = new Gauge({
    name: "isthmus_store_waiting",
    help: "Store operations that wait for a flush",
    registers: [registry],
    collect() {
      this.set(sources.storeDepth());
    },
  });
  const devices = new Gauge({
    name: "isthmus_mqtt_connections",
    help: "Connections of devices over MQTT",
    registers: [registry],
    collect() {
      this.set(sources.deviceConnections());
    },
  });
  for (const gauge of [events, hubs, depth, devices]) registry.registerMetric(gauge);
  return () => registry.metrics();
}
