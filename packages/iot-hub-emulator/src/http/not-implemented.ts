/** Operations of an IoT Hub that this one does not have yet: known, and refused as such. */
import { HubError } from "../hub/errors.ts";
import type { Route } from "./exchange.ts";

type Method = Route["method"];

/** What the service has and we do not, by path; the words say what is missing. */
export const NOT_IMPLEMENTED: readonly {
  readonly methods: readonly Method[];
  readonly path: string;
  readonly what: string;
}[] = [
  { methods: ["GET", "PATCH"], path: "/digitaltwins/:deviceId", what: "Digital twins" },
  { methods: ["POST"], path: "/digitaltwins/:deviceId/commands/:command", what: "Digital twins" },
  {
    methods: ["POST"],
    path: "/digitaltwins/:deviceId/components/:component/commands/:command",
    what: "Digital twins",
  },
  { methods: ["GET"], path: "/$iothub/websocket", what: "AMQP and MQTT over WebSocket" },
  { methods: ["GET"], path: "/$servicebus/websocket", what: "AMQP over WebSocket" },
];

const MAX_BODY = 256 * 1024;

export const NOT_IMPLEMENTED_ROUTES: readonly Route[] = NOT_IMPLEMENTED.flatMap(({ methods, path, what }) =>
  methods.map((method): Route => ({
    method,
    path,
    access: { kind: "public" },
    // Clients send bodies with these, and should hear what is missing rather than that none was expected.
    maxBody: MAX_BODY,
    handle: () => {
      throw new HubError("NotImplemented", `${what}: not implemented by this emulator.`);
    },
  })),
);
