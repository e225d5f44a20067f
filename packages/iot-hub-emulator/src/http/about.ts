/** What the hub says of itself to anyone who asks. Keys are not among it. */
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { page, wantsPage } from "./page.ts";

export const ABOUT_ROUTES: readonly Route[] = [
  { method: "GET", path: "/", access: { kind: "public" }, handle: about },
  {
    method: "GET",
    path: "/health",
    access: { kind: "public" },
    handle: () => ({ status: 200, json: { status: "ok" } }),
  },
];

function about(request: HubRequest): HubResponse {
  if (wantsPage(request)) return page();
  const { hub } = request;
  return {
    status: 200,
    headers: { Vary: "Accept" },
    json: {
      product: "iot-hub-emulator",
      description:
        "A local Azure IoT Hub. Connection strings are printed where it was started, and shown to a browser on its machine.",
      hostName: hub.hostName,
      eventHubName: hub.eventHubName,
      policies: [...hub.policies].map(({ name }) => name),
    },
  };
}
