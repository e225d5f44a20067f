/** The paths of WebSocket as plain requests find them: an upgrade never gets here. */
import { HubError } from "../hub/errors.ts";
import type { Route } from "./exchange.ts";

const SUBPROTOCOLS = {
  "/$iothub/websocket": "mqtt or AMQPWSB10",
  "/$servicebus/websocket": "AMQPWSB10",
  "/mqtt": "mqtt",
} as const;

export const WEBSOCKET_ROUTES: readonly Route[] = Object.entries(SUBPROTOCOLS).map(([path, subprotocol]) => ({
  method: "GET",
  path,
  access: { kind: "public" },
  handle: () => {
    throw new HubError(
      "InvalidOperation",
      `Only WebSocket is spoken here: upgrade, with the subprotocol ${subprotocol}.`,
    );
  },
}));
