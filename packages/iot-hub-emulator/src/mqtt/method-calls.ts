/** Direct methods over MQTT: a call goes out on a topic with the hub's request id, the answer comes back with the same. */
import type { MethodCall } from "../hub/methods/methods.ts";
import { deliver } from "./device-peer.ts";
import type { DevicePeer, Feed } from "./device-peer.ts";

/** Takes calls for as long as the device listens for them. */
export function takeCalls(peer: DevicePeer): Feed {
  const { hub, identity, wire } = peer;
  const take = ({ requestId, methodName, payload }: MethodCall): void => {
    const topic = `$iothub/methods/POST/${encodeURIComponent(methodName)}/?$rid=${shortId(requestId)}`;
    deliver(peer, "methods", () => wire.send({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }));
  };
  let withdraw: (() => void) | undefined;
  return {
    start: () => (withdraw = hub.methods.offer(identity, take)),
    stop: () => withdraw?.(),
  };
}

/** Hands the device's answer to whoever called; one that nobody waits for is dropped. */
export function answerCall({ hub, identity }: DevicePeer, shortened: string, status: number, payload: Buffer): void {
  hub.methods.respond(identity, longId(shortened), status, payload);
}

// Request ids are hexadecimal on this wire, and UUIDs in the model.
function shortId(requestId: string): string {
  return requestId.replaceAll("-", "");
}

function longId(text: string): string {
  return text.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
