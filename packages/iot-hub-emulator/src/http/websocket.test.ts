import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:tls";
import { EventHubConsumerClient, earliestEventPosition } from "@azure/event-hubs";
import type { ReceivedEventData } from "@azure/event-hubs";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

function open({ addresses }: LocalHub, path: string, ...subprotocols: string[]): WebSocket {
  const { httpsPort, ca } = addresses;
  const socket = new WebSocket(`wss://localhost:${httpsPort}${path}`, subprotocols, { ca });
  socket.on("error", () => undefined);
  return socket;
}

test.each([
  ["/$iothub/websocket", "mqtt"],
  ["/$IotHub/WebSocket?iothub-no-client-cert=true", "mqtt"],
  ["/$iothub/websocket", "AMQPWSB10"],
  ["/$servicebus/websocket", "AMQPWSB10"],
  ["/mqtt", "mqtt"],
  ["/$servicebus/websocket/", "AMQPWSB10"],
])("%s speaks %s", async (path, subprotocol) => {
  await using hub = await startLocalHub();
  const socket = open(hub, path, "other", subprotocol);
  await once(socket, "open");
  expect(socket.protocol).toBe(subprotocol);
  socket.terminate();
});

test("an upgrade of an absolute target is answered, as the vendor's Java client asks for it", async () => {
  await using hub = await startLocalHub();
  const { httpsPort, ca } = hub.addresses;
  const socket = connect({ host: "localhost", port: httpsPort, ca });
  socket.write(
    "GET https://localhost/$iothub/websocket?iothub-no-client-cert=true HTTP/1.1\r\nHost: localhost\r\n" +
      "Connection: Upgrade,Keep-Alive\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString("base64")}\r\nSec-WebSocket-Protocol: AMQPWSB10\r\n\r\n`,
  );
  expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
});

test.each([
  ["/", "mqtt", 404],
  ["/$servicebus/websocket", "mqtt", 400],
  ["/$iothub/websocket", "mqttv5", 400],
])("%s does not speak %s", async (path, subprotocol, status) => {
  await using hub = await startLocalHub();
  const [, response] = (await once(open(hub, path, subprotocol), "unexpected-response")) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(status);
  response.destroy();
});

test("text frames and oversized messages end the connection", async () => {
  await using hub = await startLocalHub();
  const text = open(hub, "/$iothub/websocket", "mqtt");
  await once(text, "open");
  text.send("hello");
  expect((await once(text, "close"))[0]).toBe(1003);
  const large = open(hub, "/$iothub/websocket", "mqtt");
  await once(large, "open");
  large.send(Buffer.alloc(600 * 1024));
  expect((await once(large, "close"))[0]).toBe(1009);
});

test("a packet larger than a frame of TLS arrives whole, from a second vendor's client", async () => {
  await using hub = await startLocalHub();
  const { addresses, emulator } = hub;
  await emulator.hub.registry.create("d", {});
  const client = await connectAsync(`wss://localhost:${addresses.httpsPort}/$iothub/websocket`, {
    ca: addresses.ca,
    clientId: "d",
    username: `${addresses.hostName}/d/?api-version=2021-04-12`,
    password: hub.token("device"),
    reconnectPeriod: 0,
  });
  await client.publishAsync("devices/d/messages/events/a=1", Buffer.alloc(200_000, "x"), { qos: 1 });
  await client.endAsync();
  expect((await hub.events("d")).map(({ message }) => message.length > 200_000)).toEqual([true]);
});

test("Event Hubs readers come over WebSocket", async () => {
  await using hub = await startLocalHub();
  const { addresses, emulator } = hub;
  await emulator.hub.registry.create("d", {});
  await emulator.hub.acceptTelemetry(
    emulator.hub.registry.get("d"),
    [{ body: Buffer.from("hello"), properties: new Map() }],
    { scope: "device", type: "sas" },
  );
  // Given as the client's own WebSocket, this leads it to the port that is free here.
  class Socket extends WebSocket {
    constructor(_url: string, protocols: string[]) {
      super(`wss://localhost:${addresses.httpsPort}/$servicebus/websocket`, protocols, { ca: addresses.ca });
    }
  }
  const reader = new EventHubConsumerClient("$Default", addresses.eventHubConnectionString, {
    webSocketOptions: { webSocket: Socket as never },
  });
  const event = await new Promise<ReceivedEventData | undefined>((resolve, reject) => {
    reader.subscribe(
      {
        processEvents: async ([first]) => first && resolve(first),
        processError: async (error) => reject(error),
      },
      { startPosition: earliestEventPosition },
    );
  });
  await reader.close();
  expect(String(event?.body)).toBe("hello");
});
