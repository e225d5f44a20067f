/** What the hub says of itself to anyone who asks. Keys are not among it. */
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

export const ABOUT_ROUTES: readonly Route[] = [
  { method: "GET", path: "/", access: { kind: "public" }, handle: about },
  {
    method: "GET",
    path: "/health",
    access: { kind: "public" },
    handle: () => ({ status: 200, json: { status: "ok" } }),
  },
];

function about({ hub }: HubRequest): HubResponse {
  return {
    status: 200,
    json: {
      product: "iot-hub-emulator",
      description: "A local Azure IoT Hub. Connection strings are printed where it was started.",
      hostName: hub.hostName,
      eventHubName: hub.eventHubName,
      policies: [...hub.policies].map(({ name }) => name),
    },
  };
}
