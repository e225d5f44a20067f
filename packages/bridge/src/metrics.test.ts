import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { StateCounts, StateHubReport } from "./core/state-control.ts";
import { createMetrics } from "./metrics.ts";

const PAGE = new URL("../../../docs/operations.md", import.meta.url);

const HUB: StateHubReport = {
  connectionId: "local",
  hostName: "localhost",
  devices: 7,
  pending: 2,
  missing: 1,
  oldestPending: -5_000,
  removals: 3,
  writing: { failure: null },
  reading: { consumerGroup: "$Default", isReading: true, failure: null, lastEventAt: -2_000, behind: 7, expired: 2 },
  sweep: { lastAt: -30_000, lastMs: 1_500, repaired: 4, failure: null },
};
const COUNTS: StateCounts = {
  pushed: { desired: 5, reported: 0, message: 0 },
  changed: { api: 6, device: 0, desired: 0, reported: 9, telemetry: 0 },
  conflicts: { ours: 0, theirs: 1 },
};

function aServer(): Parameters<typeof createMetrics>[0] {
  return {
    integrations: async () => [],
    ledgers: async () => [],
    oldest: async () => [],
    failures: () => new Map([["throttled", 3]]),
    connections: () => [],
    storeDepth: () => 0,
    deviceConnections: () => 7,
    streams: () => 2,
    sourceStates: async () => ["following", "following", "waiting"],
    states: () => ({ hubs: async () => [HUB], counts: () => COUNTS }),
    isReady: () => true,
    incidents: async () => [],
    now: () => 0,
  };
}

test("counts are told as they are when somebody asks", async () => {
  const text = await createMetrics(aServer()).text();
  for (const line of [
    'isthmus_delivery_failures_total{code="throttled"} 3',
    "isthmus_mqtt_connections 7",
    "isthmus_event_streams 2",
    'isthmus_sources{state="following"} 2',
    'isthmus_sources{state="waiting"} 1',
    "isthmus_ready 1",
    'isthmus_states{connection="local",hub="localhost"} 7',
    'isthmus_states_pending{connection="local",hub="localhost"} 2',
    'isthmus_states_missing{connection="local",hub="localhost"} 1',
    'isthmus_states_oldest_pending_seconds{connection="local",hub="localhost"} 5',
    'isthmus_state_removals{connection="local",hub="localhost"} 3',
    'isthmus_state_reading{connection="local",hub="localhost"} 1',
    'isthmus_state_last_message_age_seconds{connection="local",hub="localhost"} 2',
    'isthmus_state_messages_behind{connection="local",hub="localhost"} 7',
    'isthmus_state_messages_expired{connection="local",hub="localhost"} 2',
    'isthmus_state_sweep_seconds{connection="local",hub="localhost"} 1.5',
    'isthmus_state_sweep_age_seconds{connection="local",hub="localhost"} 30',
    'isthmus_state_sweep_repaired{connection="local",hub="localhost"} 4',
    'isthmus_state_pushes_total{what="desired"} 5',
    'isthmus_state_changes_total{source="reported"} 9',
    'isthmus_state_conflicts_total{kept="theirs"} 1',
  ]) {
    expect(text).toContain(line);
  }
});

test("the page for operators names every metric, and no other", async () => {
  const text = await createMetrics(aServer()).text();
  const own = [...text.matchAll(/^# HELP (isthmus_\w+)/gm)].map(([, name]) => name ?? "");
  const named = [...readFileSync(PAGE, "utf8").matchAll(/`(isthmus_\w+)/g)].map(([, name]) => name ?? "");
  const ofNode = /^isthmus_(process|nodejs)_/;
  expect([...new Set(named)].toSorted()).toEqual(own.filter((name) => !ofNode.test(name)).toSorted());
});
