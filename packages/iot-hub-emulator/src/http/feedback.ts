/** Feedback over HTTPS: a service asks for a batch and settles it by its lock. File notifications go over AMQP alone. */
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const FEEDBACK = "/messages/servicebound/feedback";
const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;

export const FEEDBACK_ROUTES: readonly Route[] = [
  { method: "GET", path: FEEDBACK, access: CONNECT, handle: receive },
  { method: "DELETE", path: `${FEEDBACK}/:lock`, access: CONNECT, handle: complete },
  { method: "POST", path: `${FEEDBACK}/:lock/abandon`, access: CONNECT, maxBody: 1024, handle: abandon },
];

function receive({ hub }: HubRequest): HubResponse {
  const batch = hub.feedback.receive();
  if (batch === undefined) return { status: 204 };
  const { lockToken, sequenceNumber, enqueuedTime, deliveryCount, body, contentType } = batch;
  const headers = {
    ETag: `"${lockToken}"`,
    "iothub-sequencenumber": String(sequenceNumber),
    "iothub-enqueuedtime": new Date(enqueuedTime).toISOString(),
    "iothub-deliverycount": String(deliveryCount),
  };
  return { status: 200, headers, body, contentType };
}

async function complete({ hub, params }: HubRequest): Promise<HubResponse> {
  await hub.feedback.complete(params["lock"] ?? "");
  return { status: 204 };
}

async function abandon({ hub, params }: HubRequest): Promise<HubResponse> {
  await hub.feedback.abandon(params["lock"] ?? "");
  return { status: 204 };
}
