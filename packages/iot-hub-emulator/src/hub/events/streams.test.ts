import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Hub } from "../hub.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "streams-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const encodeEvent = (): Buffer => Buffer.from("event");

test("each stream has its own partitions and its own events, found by name without case", async () => {
  const hub = await Hub.open({ encodeEvent });
  try {
    const alerts = await hub.streams.open("Alerts", 2);
    expect(alerts.partitionIds).toEqual(["0", "1"]);
    expect(hub.streams.find("ALERTS")).toBe(alerts);
    expect(hub.streams.find(hub.eventHubName)).toBe(hub.events);
    await alerts.append("1", ["x"], encodeEvent);
    expect(alerts.properties("1")).toMatchObject({ lastEnqueuedSequenceNumber: 0, isEmpty: false });
    expect(hub.events.properties("1").isEmpty).toBe(true);
    expect(await hub.streams.open("alerts", 7)).toBe(alerts);
  } finally {
    await hub.close();
  }
});

test("a custom endpoint's events outlive the hub, and go with their stream", async () => {
  await inFolder(async (folder) => {
    const first = await Hub.open({ encodeEvent, folder });
    await (await first.streams.open("Alerts", 2)).append("0", ["a", "b"], encodeEvent);
    await first.close();
    const second = await Hub.open({ encodeEvent, folder });
    const alerts = await second.streams.open("Alerts", 4);
    expect(alerts.partitionIds).toEqual(["0", "1"]);
    expect(await alerts.read("0", 0, 1000)).toHaveLength(2);
    const gone: string[] = [];
    second.streams.onRemoved(({ name }) => gone.push(name));
    await second.streams.remove("alerts");
    await second.streams.remove(second.eventHubName);
    expect(gone).toEqual(["Alerts"]);
    expect(second.streams.find("Alerts")).toBeUndefined();
    expect(second.streams.find(second.eventHubName)).toBe(second.events);
    expect(await readdir(join(folder, "endpoints"))).toEqual([]);
    await second.close();
  });
});

test("a hub that cannot be opened lets its folder go", async () => {
  await inFolder(async (folder) => {
    await expect(Hub.open({ encodeEvent, folder, consumerGroups: ["no/name"] })).rejects.toThrow("consumer group");
    await (await Hub.open({ encodeEvent, folder })).close();
  });
});
