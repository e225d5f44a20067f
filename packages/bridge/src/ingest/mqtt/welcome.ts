/** CONNACK: what the server grants, and how it refuses. */
import type { ConnectPacket, MqttVersion, ServerPacket } from "./packets.ts";
import type { MqttLimits } from "./limits.ts";
import { reasonCode, returnCode } from "./refusals.ts";
import type { Refusal } from "./refusals.ts";

/** Terms of one connection, as asked for and as cut. Times in milliseconds. */
export interface Terms {
  /** Longest silence of the client; `null`: it may be silent for ever. */
  readonly silence: number | null;
  readonly sessionExpiry: number;
  readonly receiveMaximum: number;
  readonly maxPacketBytes: number;
  /** Whether the client wants to read why something is refused. */
  readonly explains: boolean;
}

export function termsOf(packet: ConnectPacket, limits: MqttLimits): Terms {
  const { keepalive = 0, properties = {}, clean, protocolVersion } = packet;
  const isFive = protocolVersion === 5;
  const keepAlive =
    isFive && (keepalive === 0 || keepalive > limits.longestKeepAlive) ? limits.longestKeepAlive : keepalive;
  const expiry = isFive ? (properties.sessionExpiryInterval ?? 0) * 1000 : clean === true ? 0 : limits.longestSession;
  return {
    silence: keepAlive === 0 ? null : keepAlive * 1_500, // [MQTT-3.1.2-24]
    sessionExpiry: Math.min(expiry, limits.longestSession),
    receiveMaximum: properties.receiveMaximum ?? 65_535,
    maxPacketBytes: properties.maximumPacketSize ?? Infinity,
    explains: properties.requestProblemInformation !== false,
  };
}

export function accepted(
  packet: ConnectPacket,
  terms: Terms,
  {
    limits,
    isPresent,
    assignedId,
  }: { readonly limits: MqttLimits; readonly isPresent: boolean; readonly assignedId: string },
): ServerPacket {
  if (packet.protocolVersion !== 5) return { cmd: "connack", returnCode: 0, sessionPresent: isPresent };
  const asked = (packet.properties?.sessionExpiryInterval ?? 0) * 1000;
  return {
    cmd: "connack",
    reasonCode: 0,
    sessionPresent: isPresent,
    properties: {
      ...(asked !== terms.sessionExpiry && { sessionExpiryInterval: terms.sessionExpiry / 1000 }),
      ...(packet.clientId === "" && { assignedClientIdentifier: assignedId }),
      ...(terms.silence !== null &&
        terms.silence !== (packet.keepalive ?? 0) * 1_500 && { serverKeepAlive: terms.silence / 1_500 }),
      receiveMaximum: limits.maxInFlight,
      maximumPacketSize: limits.maxPacketBytes,
      topicAliasMaximum: limits.maxTopicAliases,
      retainAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
    },
  };
}

export function refused(version: MqttVersion, { code, message }: Refusal): ServerPacket {
  if (version !== 5) return { cmd: "connack", returnCode: returnCode(code), sessionPresent: false };
  return { cmd: "connack", reasonCode: reasonCode(code), sessionPresent: false, properties: { reasonString: message } };
}
