import { once } from "node:events";
import { expect, test } from "vitest";
import type { HubEvent } from "../../core/hub-client.ts";
import type { HubViews } from "../../core/hub-views.ts";
import { Monitors } from "./monitors.ts";

type Options = Parameters<HubViews["monitor"]>[1];

function watched(): { monitors: Monitors; opened: Options[] } {
  const opened: Options[] = [];
  const monitors = new Monitors({
    twin: async () => ({ ok: true, value: null }),
    monitor: async (_hub, options) => {
      opened.push(options);
      return { ok: true, value: null };
    },
  });
  return { monitors, opened };
}

const VIEW = {
  hub: "local",
  since: 0,
  tenant: "ada",
  review: async () => undefined,
  gone: () => undefined,
  wants: async () => true,
};

function event(deviceId: string, body: unknown = {}): HubEvent {
  return { deviceId, body, properties: {}, systemProperties: {}, partitionId: "0", sequenceNumber: 1, enqueuedTime: 0 };
}

test("messages keep their order however long each takes to judge", async () => {
  const { monitors, opened } = watched();
  let release: (wanted: boolean) => void = () => undefined;
  const slow = new Promise<boolean>((resolve) => (release = resolve));
  const started = await monitors.start({ ...VIEW, wants: (id) => (id === "slow" ? slow : Promise.resolve(true)) });
  if (started === "full" || !started.ok) throw new Error("not started");
  opened[0]!.onEvent(event("slow"));
  opened[0]!.onEvent(event("fast"));
  release(true);
  let text = "";
  for await (const chunk of started.lines) {
    text += String(chunk);
    if (text.includes("fast")) break;
  }
  expect(text.indexOf("slow")).toBeGreaterThan(0);
  expect(text.indexOf("slow")).toBeLessThan(text.indexOf("fast"));
});

test("trouble while reading is told on a line of its own", async () => {
  const { monitors, opened } = watched();
  const started = await monitors.start(VIEW);
  if (started === "full" || !started.ok) throw new Error("not started");
  opened[0]!.onFailure({ code: "hub_unreachable", message: "Gone." });
  monitors.stop();
  const lines = String(started.lines.read()).trim().split("\n");
  expect(JSON.parse(lines[0]!)).toMatchObject({ failure: { code: "hub_unreachable", message: "Gone." } });
});

test("a viewer that does not read is let go before it fills memory", async () => {
  const { monitors, opened } = watched();
  const started = await monitors.start(VIEW);
  if (started === "full" || !started.ok) throw new Error("not started");
  const gone = once(opened[0]!.signal, "abort");
  for (let i = 0; i < 40; i++) opened[0]!.onEvent(event("loud", "x".repeat(64 * 1024)));
  await gone;
  expect(started.lines.readableLength).toBeLessThan(2 * 1024 * 1024);
});

test("a viewer that leaves ends its reader, and makes room for another", async () => {
  const { monitors, opened } = watched();
  const leave: (() => void)[] = [];
  for (let i = 0; i < 16; i++) await monitors.start({ ...VIEW, gone: (callback) => leave.push(callback) });
  expect(await monitors.start(VIEW)).toBe("full");
  expect(await monitors.start({ ...VIEW, tenant: "eve" })).toMatchObject({ ok: true });
  leave[0]!();
  expect(opened[0]!.signal.aborted).toBe(true);
  expect(await monitors.start(VIEW)).toMatchObject({ ok: true });
  monitors.stop();
  expect(opened.every(({ signal }) => signal.aborted)).toBe(true);
});

test("a hub that cannot be opened leaves nothing behind", async () => {
  const failure = { code: "hub_not_found", message: "No such hub." } as const;
  const monitors = new Monitors({
    twin: async () => ({ ok: true, value: null }),
    monitor: async () => ({ ok: false, failure }),
  });
  for (let i = 0; i < 40; i++) expect(await monitors.start(VIEW)).toEqual({ ok: false, failure });
});
