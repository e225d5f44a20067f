/** The device's own twin over MQTT: requests with an id of the device's making, and notifications of desired properties. */
import { HubError, asHubError, errorDocument } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { Operation } from "../hub/limits/tiers.ts";
import type { JsonObject } from "../hub/twins/twin.ts";
import { deliver } from "./device-peer.ts";
import type { DevicePeer, Feed } from "./device-peer.ts";

const RESPONSE = "$iothub/twin/res";
const DESIRED = "$iothub/twin/PATCH/properties/desired";

interface TwinResponse {
  readonly status: number;
  /** Of the reported properties, after a patch. */
  readonly version?: number;
  readonly body?: unknown;
}

/** What a device asks of its twin. */
export interface TwinRequest {
  readonly peer: DevicePeer;
  readonly requestId: string;
  /** Whether the device listens for answers. */
  readonly isHeard: () => boolean;
  /** Stands in the way of every request. */
  readonly requireNoFault: () => void;
}

/** Answers with the twin. */
export async function answerTwinGet(request: TwinRequest): Promise<void> {
  const { hub, identity } = request.peer;
  await answer(request, async () => {
    await spend(hub, "twinRead", 0);
    return { status: 200, body: hub.twins.own(identity.deviceId, identity.moduleId) };
  });
}

/** Merges what the device reports and answers with the new version. */
export async function answerReported(request: TwinRequest, payload: Buffer): Promise<void> {
  const { hub, identity } = request.peer;
  await answer(request, async () => {
    await spend(hub, "twinUpdate", payload.length);
    return { status: 204, version: await hub.twins.report(identity, parsePatch(payload)) };
  });
}

/** Tells the device of every change to its desired properties. */
export function followDesired(peer: DevicePeer): Feed {
  const { hub, identity, wire } = peer;
  const tell = (patch: JsonObject, version: number): void => {
    const topic = `${DESIRED}/?$version=${version}`;
    const payload = JSON.stringify(patch);
    deliver(peer, "twin", () => wire.send({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }));
  };
  let unfollow: (() => void) | undefined;
  return {
    start: () => (unfollow = hub.twins.onDesired(identity, tell)),
    stop: () => unfollow?.(),
  };
}

async function answer(request: TwinRequest, work: () => Promise<TwinResponse>): Promise<void> {
  const { peer, requestId, isHeard } = request;
  const { status, version, body } = await attempt(request, work).catch((error: unknown) => refusal(peer, error));
  if (!isHeard()) return;
  const parameters = version === undefined ? `$rid=${requestId}` : `$rid=${requestId}&$version=${version}`;
  peer.wire.send({
    cmd: "publish",
    topic: `${RESPONSE}/${status}/?${parameters}`,
    payload: body === undefined ? "" : JSON.stringify(body),
    qos: 0,
    dup: false,
    retain: false,
  });
}

async function attempt({ requireNoFault }: TwinRequest, work: () => Promise<TwinResponse>): Promise<TwinResponse> {
  requireNoFault();
  return work();
}

function refusal({ hub, reportFault }: DevicePeer, cause: unknown): TwinResponse {
  const error = asHubError(cause);
  if (error.errorName === "ServerError") reportFault(error);
  return { status: error.httpStatus, body: errorDocument(error, hub.now()) };
}

async function spend(hub: Hub, operation: Operation, bytes: number): Promise<void> {
  await hub.limits.spend(operation, { messages: hub.limits.blocks(bytes) });
}

function parsePatch(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8")) as unknown;
  } catch (cause) {
    throw new HubError("IotHubFormatError", "The reported properties are not JSON.", { cause });
  }
}
