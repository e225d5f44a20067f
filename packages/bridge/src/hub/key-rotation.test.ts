/** Keys rotated under load, against the Local Hub: as the documentation tells to do it, and by surprise. */
import { withEmulator } from "iot-hub-emulator";
import type { Emulator } from "iot-hub-emulator";
import { expect, onTestFinished, test } from "vitest";
import type { HubClient, HubEvent } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import type { Outcome } from "../core/failure.ts";
import { createHubs } from "./hubs.ts";
import { makeMessage, SILENT_LOG } from "./testing/hub-under-test.ts";

const DEVICES = ["pump-1", "pump-2", "pump-3", "pump-4", "pump-5", "pump-6"];

interface Load {
  readonly connection: () => HubConnection;
  readonly client: HubClient;
  readonly failures: Outcome[];
  /** Ends the senders and gives what arrived for each device, by the number it was sent with. */
  finish(): Promise<ReadonlyMap<string, readonly number[]>>;
  sent(): number;
  /** Waits until every sender has got through this many more messages. */
  progress(messages: number): Promise<void>;
}

/** Every device sends one message after the other, as a lane does: a message that failed is sent again. */
async function underLoad({ hub, addresses }: Emulator, run: (load: Load) => Promise<void>): Promise<void> {
  const keys = hub.policies.get("iothubowner")!;
  const connection: HubConnection = {
    id: "c",
    hostName: addresses.hostName,
    policyName: "iothubowner",
    policyKey: keys.primaryKey,
    secondaryKey: keys.secondaryKey,
    entra: null,
  };
  const endpoint = { ...addresses, allowPrivate: true, linksPerSecond: Infinity };
  const hubs = createHubs({
    endpointOf: () => ({ ...endpoint, eventHubConnectionString: addresses.plainEventHubConnectionString }),
    now: Date.now,
    log: SILENT_LOG,
    keyReturnAfter: 20,
  });
  const client = hubs.open(connection);
  onTestFinished(() => client.close());
  for (const device of DEVICES) await hub.registry.create(device, {});
  const arrived: HubEvent[] = [];
  const reading = new AbortController();
  onTestFinished(() => reading.abort());
  const options = { since: 0, onEvent: (event: HubEvent) => arrived.push(event), onFailure: () => undefined };
  const { primaryKey } = hub.policies.get("service")!;
  const reader = { ...connection, policyName: "service", policyKey: primaryKey };
  expect(await hubs.monitor(reader, { ...options, signal: reading.signal })).toMatchObject({ ok: true });

  const failures: Outcome[] = [];
  const counts = new Map(DEVICES.map((device) => [device, 0]));
  let stopping = false;
  const send = async (device: string): Promise<void> => {
    while (!stopping) {
      const n = counts.get(device)!;
      const message = { ...makeMessage(`${device}-${n}`), properties: { n: String(n) } };
      const outcome = await client.send(device, message);
      if (outcome.kind === "delivered") counts.set(device, n + 1);
      else failures.push(outcome);
    }
  };
  const senders = DEVICES.map(send);
  const total = (): number => [...counts.values()].reduce((sum, count) => sum + count, 0);
  await run({
    client,
    failures,
    connection: () => connection,
    sent: total,
    progress: async (messages) => {
      const goals = [...counts].map(([device, count]) => [device, count + messages] as const);
      await expect.poll(() => goals.every(([device, goal]) => counts.get(device)! >= goal), WAIT).toBe(true);
    },
    finish: async () => {
      stopping = true;
      await Promise.all(senders);
      const numbers = (): ReadonlyMap<string, readonly number[]> =>
        new Map(
          DEVICES.map((device) => [
            device,
            arrived.filter(({ deviceId }) => deviceId === device).map(({ properties }) => Number(properties["n"])),
          ]),
        );
      await expect
        .poll(() => [...numbers().values()].every((list, i) => list.at(-1) === counts.get(DEVICES[i]!)! - 1), WAIT)
        .toBe(true);
      return numbers();
    },
  });
}

/** Makes keys anew, and lets the hub end at once what the old ones signed. */
async function change({ hub, clock }: Emulator, keys: { primaryKey?: string; secondaryKey?: string }): Promise<void> {
  await hub.policies.put("iothubowner", keys);
  clock.advance(1);
}

const WAIT = { interval: 5 };
const newKey = (n: number): string => Buffer.alloc(32, n).toString("base64");

test("both keys are rotated again and again: every message arrives once, and no call fails", async () => {
  await withEmulator((emulator) =>
    underLoad(emulator, async (load) => {
      let connection = load.connection();
      for (let round = 1; round <= 20; round++) {
        // The key that is not in use is made anew, becomes the first one here, and then the other one is made anew.
        const secondaryKey = newKey(2 * round);
        await change(emulator, { secondaryKey });
        connection = { ...connection, policyKey: secondaryKey, secondaryKey: connection.policyKey };
        load.client.renew(connection);
        await load.progress(3);
        const primaryKey = newKey(2 * round + 1);
        await change(emulator, { primaryKey });
        connection = { ...connection, policyKey: primaryKey, secondaryKey };
        load.client.renew(connection);
        expect(await load.client.getTwin("pump-1")).toMatchObject({ ok: true });
        await load.progress(3);
        expect(load.client.keyInUse()).toBe("primary");
      }
      const arrived = await load.finish();
      expect(load.failures).toEqual([]);
      for (const numbers of arrived.values()) expect(numbers).toEqual(numbers.map((_, i) => i));
    }),
  );
});

test("a key that is made anew while it is in use costs no message: the other takes over, and gives back when it is mended", async () => {
  await withEmulator((emulator) =>
    underLoad(emulator, async (load) => {
      await load.progress(3);
      await change(emulator, { primaryKey: newKey(1) });
      await expect.poll(() => load.client.keyInUse(), WAIT).toBe("secondary");
      await load.progress(3);
      expect(await load.client.getTwin("pump-1")).toMatchObject({ ok: true });
      await change(emulator, { primaryKey: load.connection().policyKey });
      await expect.poll(() => load.client.keyInUse(), WAIT).toBe("primary");
      await load.progress(3);
      const arrived = await load.finish();
      expect(load.failures).toEqual([]);
      // What was under way when the hub cut the links may come twice, under the same id, and nothing is out of order.
      for (const numbers of arrived.values())
        expect([...new Set(numbers)]).toEqual([...new Set(numbers)].map((_, i) => i));
    }),
  );
});

test("when neither key is taken the hub is named as refusing, and a new key ends it", async () => {
  await withEmulator((emulator) =>
    underLoad(emulator, async (load) => {
      await load.progress(3);
      await change(emulator, { primaryKey: newKey(1), secondaryKey: newKey(2) });
      await expect.poll(() => load.failures.length, WAIT).toBeGreaterThan(DEVICES.length);
      const codes = load.failures.map((outcome) => (outcome.kind === "failed" ? outcome.failure.code : ""));
      expect(new Set(codes)).toEqual(new Set(["key_refused"]));
      load.client.renew({ ...load.connection(), policyKey: newKey(1), secondaryKey: null });
      await load.progress(3);
      const before = load.failures.length;
      await load.progress(3);
      expect(load.failures).toHaveLength(before);
      await load.finish();
    }),
  );
});
