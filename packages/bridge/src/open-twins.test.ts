import { expect, test } from "vitest";
import type { DeviceHub } from "./core/device-desk.ts";
import type { HubConnection } from "./core/integration.ts";
import { OpenTwins } from "./open-twins.ts";

interface Bench {
  readonly clients: OpenTwins;
  readonly connections: Map<string, HubConnection>;
  /** By connection id, in order: what was done to the clients. */
  readonly done: string[];
}

function bench(): Bench {
  const done: string[] = [];
  const connections = new Map(["a", "b"].map((id) => [id, connectionOf(id, "key")]));
  const openTwins = ({ id }: HubConnection): DeviceHub => {
    done.push(`${id} opened`);
    const of: Pick<DeviceHub, "renew" | "close"> = {
      renew: ({ policyKey }) => void done.push(`${id} ${policyKey}`),
      close: async () => void done.push(`${id} closed`),
    };
    return of as DeviceHub;
  };
  return { clients: new OpenTwins({ openTwins }, async (id) => connections.get(id) ?? null), connections, done };
}

function connectionOf(id: string, policyKey: string): HubConnection {
  return { id, hostName: "h", policyName: "p", policyKey, secondaryKey: null, entra: null };
}

test("all who ask share one client, which is handed another key and closed at the end", async () => {
  const { clients, connections, done } = bench();
  const [first, second] = await Promise.all([clients.open("a"), clients.open("a")]);
  expect(first).toBe(second);
  connections.set("a", connectionOf("a", "another"));
  expect(await clients.renew()).toEqual(["a"]);
  expect(await clients.renew()).toEqual([]);
  await clients.close();
  expect(done).toEqual(["a opened", "a another", "a closed"]);
});

test("the client of a connection that is gone is closed, once, and nobody is given it", async () => {
  const { clients, connections, done } = bench();
  await clients.open("a");
  await clients.open("b");
  connections.delete("a");
  expect(await Promise.all([clients.renew(), clients.renew()])).toEqual([[], []]);
  expect(await clients.open("a")).toBe(undefined);
  expect(done).toEqual(["a opened", "b opened", "a closed"]);
  await clients.close();
  expect(done.slice(3)).toEqual(["b closed"]);
});
