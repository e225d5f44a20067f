/** What a device publishes to, parsed. */
import { telemetryTopic } from "iot-hub-protocol";

export type PublishTopic =
  | { readonly kind: "telemetry"; readonly bag: string }
  | { readonly kind: "twinGet"; readonly requestId: string }
  | { readonly kind: "reported"; readonly requestId: string }
  | { readonly kind: "methodResponse"; readonly status: number; readonly requestId: string };

/** Reads the topics of one client; `undefined` for any that it may not publish to. */
export function createTopicParser(deviceId: string, moduleId?: string): (topic: string) => PublishTopic | undefined {
  const telemetry = telemetryTopic(deviceId, moduleId);
  const bare = telemetry.slice(0, -1);
  return (topic) => {
    if (topic.startsWith(telemetry)) return { kind: "telemetry", bag: topic.slice(telemetry.length) };
    if (topic === bare) return { kind: "telemetry", bag: "" };
    return topic.startsWith("$iothub/") ? parseHubTopic(topic) : undefined;
  };
}

const TWIN_GET = /^\$iothub\/twin\/GET\/?\?(.*)$/s;
const REPORTED = /^\$iothub\/twin\/PATCH\/properties\/reported\/?\?(.*)$/s;
const METHOD_RESPONSE = /^\$iothub\/methods\/res\/(-?\d{1,10})\/?\?(.*)$/s;

function parseHubTopic(topic: string): PublishTopic | undefined {
  const twinGet = TWIN_GET.exec(topic);
  if (twinGet !== null) return { kind: "twinGet", requestId: requestIdOf(twinGet[1]) };
  const reported = REPORTED.exec(topic);
  if (reported !== null) return { kind: "reported", requestId: requestIdOf(reported[1]) };
  const response = METHOD_RESPONSE.exec(topic);
  if (response === null) return undefined;
  return { kind: "methodResponse", status: Number(response[1]), requestId: requestIdOf(response[2]) };
}

// As it was sent: it goes back in a topic and means nothing to the hub.
function requestIdOf(parameters: string = ""): string {
  return /(?:^|&)\$rid=([^&]*)/.exec(parameters)?.[1] ?? "";
}
