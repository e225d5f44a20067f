/** The ways in which MQTT says no. MQTT 5 has a code for each; MQTT 3.1.1 has five, for CONNECT only, and else closes. */

export type RefusalCode =
  | "malformed_packet"
  | "protocol_error"
  | "unsupported_version"
  | "client_id_not_valid"
  | "bad_credentials"
  | "not_authorized"
  | "server_busy"
  | "shutting_down"
  | "bad_authentication_method"
  | "keep_alive_timeout"
  | "session_taken_over"
  | "topic_filter_invalid"
  | "topic_name_invalid"
  | "packet_id_unknown"
  | "too_many_in_flight"
  | "topic_alias_invalid"
  | "packet_too_large"
  | "quota_exceeded"
  | "payload_format_invalid"
  | "retain_not_supported"
  | "shared_subscriptions_not_supported"
  | "subscription_ids_not_supported";

/** Reason codes of MQTT 5 (section 2.4), and what a CONNACK of MQTT 3.1.1 says instead (its section 3.2.2.3). */
const CODES: Readonly<Record<RefusalCode, { readonly reason: number; readonly connack?: number }>> = {
  malformed_packet: { reason: 0x81 },
  protocol_error: { reason: 0x82 },
  unsupported_version: { reason: 0x84, connack: 1 },
  client_id_not_valid: { reason: 0x85, connack: 2 },
  bad_credentials: { reason: 0x86, connack: 4 },
  not_authorized: { reason: 0x87, connack: 5 },
  server_busy: { reason: 0x89, connack: 3 },
  shutting_down: { reason: 0x8b, connack: 3 },
  bad_authentication_method: { reason: 0x8c },
  keep_alive_timeout: { reason: 0x8d },
  session_taken_over: { reason: 0x8e },
  topic_filter_invalid: { reason: 0x8f },
  topic_name_invalid: { reason: 0x90, connack: 5 },
  packet_id_unknown: { reason: 0x92 },
  too_many_in_flight: { reason: 0x93 },
  topic_alias_invalid: { reason: 0x94 },
  packet_too_large: { reason: 0x95 },
  quota_exceeded: { reason: 0x97, connack: 3 },
  payload_format_invalid: { reason: 0x99, connack: 5 },
  retain_not_supported: { reason: 0x9a },
  shared_subscriptions_not_supported: { reason: 0x9e },
  subscription_ids_not_supported: { reason: 0xa1 },
};

/** Why something is not done. The message is for whoever writes the device's program; it never repeats a secret. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/** Thrown where a packet cannot be gone on with: the connection ends. */
export class MqttRefusal extends Error implements Refusal {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** For MQTT 5. */
export function reasonCode(code: RefusalCode): number {
  return CODES[code].reason;
}

/** For the CONNACK of MQTT 3.1.1. */
export function returnCode(code: RefusalCode): number {
  return CODES[code].connack ?? 3;
}
