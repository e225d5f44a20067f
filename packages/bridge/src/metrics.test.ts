import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

const PAGE = new URL("../../../docs/operations.md", import.meta.url);

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
