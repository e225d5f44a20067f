/** A device's topics. It publishes and hears below `devices/{its id}/` and nowhere else. */
import type { MqttLimits } from "./limits.ts";
import type { Refusal } from "./refusals.ts";

export type PublishTopic =
  | { readonly kind: "event"; readonly name: string }
  | { readonly kind: "describe" }
  /** What the device is like. */
  | { readonly kind: "reported" }
  /** The answer to a question that was sent as a command. */
  | { readonly kind: "response"; readonly request: string };

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

type TopicLimits = Pick<MqttLimits, "maxTopicBytes" | "maxTopicLevels">;

export interface DeviceTopics {
  publish(topic: string): Checked<PublishTopic>;
  /** Whether the device may subscribe to this filter: below its own root, where something can come. */
  filter(filter: string): Checked<null>;
}

export function createDeviceTopics(deviceId: string, limits: TopicLimits): DeviceTopics {
  const root = deviceRoot(deviceId);
  const events = `${root}events/`;
  const responses = `${root}responses/`;
  const describe = `${root}describe`;
  const reported = `${root}state/reported`;

  return {
    publish(topic) {
      const fault = shapeFault(topic, limits);
      if (fault !== null) return no("topic_name_invalid", `The topic ${fault}.`);
      if (/[+#]/.test(topic)) return no("topic_name_invalid", "A topic name holds no wildcards.");
      if (!topic.startsWith(root)) return no("not_authorized", `This device publishes below ${root} only.`);
      if (topic.startsWith(events)) return yes({ kind: "event", name: topic.slice(events.length) });
      if (topic.startsWith(responses)) return yes({ kind: "response", request: topic.slice(responses.length) });
      if (topic === describe) return yes({ kind: "describe" });
      if (topic === reported) return yes({ kind: "reported" });
      return no(
        "topic_name_invalid",
        `Events go to ${events}NAME, answers to ${responses}REQUEST, the device's state to ${reported}.`,
      );
    },
    filter(filter) {
      const fault = shapeFault(filter, limits);
      if (fault !== null) return no("topic_filter_invalid", `The topic filter ${fault}.`);
      if (filter.startsWith("$share/"))
        return no("shared_subscriptions_not_supported", "There is nobody to share with.");
      if (!isFilter(filter)) return no("topic_filter_invalid", "A wildcard stands for a whole level, # for the last.");
      if (!filter.startsWith(root)) return no("not_authorized", `This device hears below ${root} only.`);
      const [level] = filter.slice(root.length).split("/", 1);
      if (level === "commands" || level === "state" || level === "#" || level === "+") return yes(null);
      return no(
        "not_authorized",
        `Commands come on ${root}commands/#, the desired state on ${desiredTopic(deviceId)}; nothing is sent on this topic.`,
      );
    },
  };
}

export function deviceRoot(deviceId: string): string {
  return `devices/${deviceId}/`;
}

export function desiredTopic(deviceId: string): string {
  return `${deviceRoot(deviceId)}state/desired`;
}

/** Whether a filter takes a topic [MQTT-4.7]. Both are well-formed. */
export function filterTakes(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [i, level] of wanted.entries()) {
    if (level === "#") return true;
    if (i >= levels.length || (level !== "+" && level !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

function shapeFault(topic: string, { maxTopicBytes, maxTopicLevels }: TopicLimits): string | null {
  if (Buffer.byteLength(topic) > maxTopicBytes) return `has more than ${maxTopicBytes} bytes`;
  if (topic.split("/", maxTopicLevels + 1).length > maxTopicLevels) return `has more than ${maxTopicLevels} levels`;
  return null;
}

function isFilter(filter: string): boolean {
  const levels = filter.split("/");
  return levels.every((level, i) => {
    if (level === "#") return i === levels.length - 1;
    return level === "+" || !/[+#]/.test(level);
  });
}

function yes<T>(value: T): Checked<T> {
  return { ok: true, value };
}

function no(code: Refusal["code"], message: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, message } };
}
