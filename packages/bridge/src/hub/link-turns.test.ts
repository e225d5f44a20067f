import { expect, onTestFinished, test } from "vitest";
import type { Outcome } from "../core/failure.ts";
import type { HubClient } from "../core/hub-client.ts";
import type { AmqpStandIn } from "./testing/amqp-stand-in.ts";
import { CONNECTION, makeMessage, startHubUnderTest, type HubUnderTest } from "./testing/hub-under-test.ts";

const DELIVERED = { kind: "delivered" };

/** A second way in to the same hub, as with the policy's other key. */
function openSecond({ hubs }: HubUnderTest): HubClient {
  const client = hubs.open({ ...CONNECTION, id: "c2", policyKey: Buffer.from("other key").toString("base64") });
  onTestFinished(() => client.close());
  return client;
}

/** As the service does: who opens a device's link throws out whoever had one. Counts how often. */
function throwOut(hub: HubUnderTest): { times: number } {
  const thrown = { times: 0 };
  const takeOver = (deviceId: string, { links }: AmqpStandIn): void => {
    for (const [receiver, owner] of links)
      if (owner === deviceId) {
        thrown.times += 1;
        receiver.close({ condition: "amqp:link:stolen", description: "400027 connected again" });
      }
  };
  hub.standIn.behaviour = {
    attach: (deviceId) => {
      takeOver(deviceId, hub.standIn);
      return { credit: 10 };
    },
  };
  return thrown;
}

test("two connections to one hub hand a device's link to each other instead of taking it away", async () => {
  const hub = await startHubUnderTest();
  const thrown = throwOut(hub);
  const clients = [hub.client, openSecond(hub)];
  const sends: Promise<Outcome>[] = [];
  for (let i = 0; i < 20; i++)
    for (const [n, client] of clients.entries())
      for (const device of ["a", "b"]) sends.push(client.send(device, makeMessage(`${device}${n}-${i}`)));
  expect(await Promise.all(sends)).toEqual(sends.map(() => DELIVERED));
  expect(thrown.times).toBe(0);
  const ofFirst = hub.standIn.messages
    .map(({ message }) => String(message["message_id"]))
    .filter((id) => id.startsWith("a0"));
  expect(ofFirst).toEqual(Array.from({ length: 20 }, (_, i) => `a0-${i}`));
});

test("a link is not given away from under a message that waits for its answer", async () => {
  const hub = await startHubUnderTest();
  const thrown = throwOut(hub);
  const second = openSecond(hub);
  const { attach } = hub.standIn.behaviour;
  let answer: (() => void) | undefined;
  hub.standIn.behaviour = { ...(attach && { attach }), message: ({ delivery }) => (answer = () => delivery.accept()) };
  const first = hub.client.send("a", makeMessage("m1"));
  await expect.poll(() => answer).toBeDefined();
  const next = second.send("a", makeMessage("m2"));
  hub.standIn.behaviour = attach ? { attach } : {};
  answer?.();
  expect(await Promise.all([first, next])).toEqual([DELIVERED, DELIVERED]);
  expect(thrown.times).toBe(0);
});

test("a connection that is in trouble, or closed, keeps no device's link from the other", async () => {
  const hub = await startHubUnderTest();
  throwOut(hub);
  const second = openSecond(hub);
  expect(await hub.client.send("a", makeMessage("m1"))).toEqual(DELIVERED);
  for (const socket of hub.standIn.sockets) socket.destroy();
  expect(await second.send("a", makeMessage("m2"))).toEqual(DELIVERED);
  expect(await hub.client.send("a", makeMessage("m3"))).toEqual(DELIVERED);
  await hub.client.close();
  expect(await second.send("a", makeMessage("m4"))).toEqual(DELIVERED);
});
