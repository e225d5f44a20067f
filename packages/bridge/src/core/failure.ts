/**
 * What can go wrong between an accepted event and the hub, as values. Each failure says whom it concerns: the event alone
 * (park it, the device goes on), the device (its lane waits), its state (which waits, its events go on), the integration
 * (its route waits), the hub (everything for it waits and no event's attempts are used up), or only the reading of the hub's
 * messages.
 */
import type { Exchange } from "./exchange.ts";
import type { Metered } from "./hub-meter.ts";

export type FailureScope = "event" | "device" | "state" | "route" | "hub" | "reading";

interface FailureKind {
  readonly scope: FailureScope;
  /** `refused`: the hub will say no every time. */
  readonly verdict: "retry" | "refused";
  readonly nextStep: string;
}

/** Stable: scripts and consoles depend on them. */
export type FailureCode =
  | "hub_not_found"
  | "hub_address_refused"
  | "hub_unreachable"
  | "hub_tls_failed"
  | "key_refused"
  | "permission_missing"
  | "entra_refused"
  | "entra_role_missing"
  | "entra_unreachable"
  | "create_not_permitted"
  | "create_throttled"
  | "throttled"
  | "quota_exceeded"
  | "hub_error"
  | "outcome_unknown"
  | "identity_missing"
  | "device_missing"
  | "identity_not_created"
  | "identity_keeps_vanishing"
  | "not_sent"
  | "daily_cap_reached"
  | "not_in_tier"
  | "twin_refused"
  | "message_queue_full"
  | "message_throttled"
  | "state_too_large"
  | "registry_full"
  | "device_not_online"
  | "method_unanswered"
  | "method_refused"
  | "stream_not_found"
  | "stream_in_use"
  | "identity_in_use"
  | "device_disabled"
  | "device_id_refused"
  | "message_too_large"
  | "message_refused"
  | "template_failed"
  | "webhook_address_refused"
  | "webhook_unreachable"
  | "webhook_tls_failed"
  | "webhook_throttled"
  | "webhook_refused"
  | "webhook_not_found"
  | "webhook_error"
  | "webhook_rejected";

/** Every failure code with its scope and the step that mends it. */
export const FAILURES: Readonly<Record<FailureCode, FailureKind>> = {
  hub_not_found: {
    scope: "hub",
    verdict: "retry",
    nextStep: "Check the IoT Hub name: the host name must resolve. Azure portal > IoT Hub > Overview > Hostname.",
  },
  hub_address_refused: {
    scope: "hub",
    verdict: "retry",
    nextStep:
      "The host resolves to a private address. If that is intended, the operator lists it in ISTHMUS_HUB_HOSTS.",
  },
  hub_unreachable: {
    scope: "hub",
    verdict: "retry",
    nextStep:
      "Check that the hub is up and that Networking > Public network access allows this server. What is accepted already waits meanwhile.",
  },
  hub_tls_failed: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The hub's certificate was not trusted. Check the host name, and for proxies the certificate authority.",
  },
  key_refused: {
    scope: "hub",
    verdict: "retry",
    nextStep:
      "Copy the policy's name and primary key again: Azure portal > IoT Hub > Shared access policies. Where it says that the signature has expired, set this server's clock.",
  },
  permission_missing: {
    scope: "hub",
    verdict: "retry",
    nextStep: "Give the policy registry read, registry write, service connect and device connect.",
  },
  // Devices that have their identity go on: messages are sent with the policy's key.
  entra_refused: {
    scope: "device",
    verdict: "retry",
    nextStep:
      "Check tenant, client id and secret in Azure portal > Microsoft Entra ID > App registrations; make a new secret where it has expired.",
  },
  entra_role_missing: {
    scope: "device",
    verdict: "retry",
    nextStep:
      "Azure portal > IoT Hub > Access control (IAM): give the identity the role IoT Hub Data Contributor. It takes some minutes to count.",
  },
  entra_unreachable: {
    scope: "device",
    verdict: "retry",
    nextStep:
      "Check that this server reaches login.microsoftonline.com (or ISTHMUS_ENTRA_AUTHORITY), and that its platform gives it an identity.",
  },
  create_not_permitted: {
    scope: "device",
    verdict: "retry",
    nextStep: "The device is not in the hub and the policy may not create it. Give the policy registry read and write.",
  },
  create_throttled: {
    scope: "device",
    verdict: "retry",
    nextStep: "The hub limits how fast identities are created: 100 a minute on the smallest. Known devices go on.",
  },
  throttled: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The hub limits the rate. Nothing to do; add units if it lasts.",
  },
  quota_exceeded: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The hub's daily quota is used up until midnight UTC. Add units to go on sooner.",
  },
  hub_error: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The hub has trouble of its own. Events wait and go on by themselves.",
  },
  outcome_unknown: {
    scope: "device",
    verdict: "retry",
    nextStep: "The hub did not answer. The message is sent again with the same message id.",
  },
  identity_missing: {
    scope: "device",
    verdict: "retry",
    nextStep: "The device identity is not in the hub. It is created again.",
  },
  device_missing: {
    scope: "device",
    verdict: "retry",
    nextStep:
      "Somebody deleted the Thing's device in the hub. Delete the Thing here too, or make a device of its id in the hub again.",
  },
  identity_not_created: {
    scope: "device",
    verdict: "retry",
    nextStep: "Make the device's identity in the hub, or let the integration make it (create_identities). Events wait.",
  },
  identity_keeps_vanishing: {
    scope: "device",
    verdict: "retry",
    nextStep:
      "Find out who deletes the identity in the hub. It is made again from midnight UTC on, or when its events are retried.",
  },
  not_sent: {
    scope: "device",
    verdict: "retry",
    nextStep: "The hub takes no messages on this device's link. The message was not sent; it is tried again by itself.",
  },
  daily_cap_reached: {
    scope: "route",
    verdict: "retry",
    nextStep: "The integration's daily_cap is used up until midnight UTC. Raise it to go on sooner. Events wait.",
  },
  not_in_tier: {
    scope: "event",
    verdict: "refused",
    nextStep:
      "The hub's tier has no device twins: messages go on, names and states are not written. Choose a Standard tier for that.",
  },
  twin_refused: {
    scope: "state",
    verdict: "refused",
    nextStep: "The hub takes no such change of the twin. Look at its reason, and write something else.",
  },
  message_queue_full: {
    scope: "state",
    verdict: "retry",
    nextStep: "50 messages wait in the hub for the device. Let it connect and read them, or purge its queue.",
  },
  message_throttled: {
    scope: "state",
    verdict: "retry",
    nextStep: "The hub limits how fast messages go to devices: 100 a minute on the smallest. Twins go on.",
  },
  state_too_large: {
    scope: "state",
    verdict: "refused",
    nextStep:
      "The twin has the change; only the message with the whole state cannot be sent. Make the state smaller than 64 KB as JSON, or switch cloud_to_device off; then compare the device, or wait an hour.",
  },
  registry_full: {
    scope: "device",
    verdict: "retry",
    nextStep: "The hub holds as many devices as it can. Remove some, or use another hub for more.",
  },
  device_not_online: {
    scope: "state",
    verdict: "retry",
    nextStep:
      "A direct method reaches a device that is connected and listens for methods. Let it connect, or wait for it: connect_timeout_seconds.",
  },
  method_unanswered: {
    scope: "state",
    verdict: "retry",
    nextStep:
      "Give the device longer: response_timeout_seconds. It may have carried the method out all the same: look before you call again.",
  },
  method_refused: {
    scope: "state",
    verdict: "refused",
    nextStep: "The hub takes no such call. Look at its reason, and change the name, the payload or the timeouts.",
  },
  stream_not_found: {
    scope: "reading",
    verdict: "retry",
    nextStep:
      "Azure portal > IoT Hub > Built-in endpoints: compare the consumer group, and the endpoint and name where they are set.",
  },
  stream_in_use: {
    scope: "reading",
    verdict: "retry",
    nextStep:
      "Make a consumer group for Isthmus alone: Azure portal > IoT Hub > Built-in endpoints; set consumer_group.",
  },
  identity_in_use: {
    scope: "device",
    verdict: "retry",
    nextStep:
      "Another connection uses this device identity. A device behind the bridge must not connect to the hub too.",
  },
  device_disabled: {
    scope: "device",
    verdict: "retry",
    nextStep: "Enable the device in the hub. Its events wait.",
  },
  device_id_refused: {
    scope: "event",
    verdict: "refused",
    nextStep:
      "The hub does not accept this device id: 1 to 128 letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '.",
  },
  message_too_large: {
    scope: "event",
    verdict: "refused",
    nextStep: "Make the message smaller than 256 KB, for instance by changing the template.",
  },
  message_refused: {
    scope: "event",
    verdict: "refused",
    nextStep: "The hub refused this message for good. Look at its reason, mend the template and retry.",
  },
  template_failed: {
    scope: "event",
    verdict: "refused",
    nextStep: "The payload template could not be rendered for this event. Mend the template and retry.",
  },
  webhook_address_refused: {
    scope: "hub",
    verdict: "retry",
    nextStep:
      "The target has a private address. If that is intended, the operator lists its host in ISTHMUS_WEBHOOK_HOSTS.",
  },
  webhook_unreachable: {
    scope: "hub",
    verdict: "retry",
    nextStep: "Check that the target runs, answers within 20 s and can be reached from this server. Events wait.",
  },
  webhook_tls_failed: {
    scope: "hub",
    verdict: "retry",
    nextStep:
      "The target's certificate was not trusted. Mend it, or set rejectUnauthorized to false for a test target.",
  },
  webhook_throttled: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The target limits the rate. Nothing to do; events wait and go on by themselves.",
  },
  webhook_refused: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The target refuses the sender. Check auth and headers of the integration.",
  },
  webhook_not_found: {
    scope: "hub",
    verdict: "retry",
    nextStep: "There is nothing at this address. Check url and requestType; redirects are not followed.",
  },
  webhook_error: {
    scope: "hub",
    verdict: "retry",
    nextStep: "The target has trouble of its own. Events wait and go on by themselves.",
  },
  webhook_rejected: {
    scope: "event",
    verdict: "refused",
    nextStep: "The target refused this event for good. Look at its answer, mend the template and retry.",
  },
};

export interface Failure {
  readonly code: FailureCode;
  /** What happened, in a sentence, with the hub's own words where it gave any. Never a secret. */
  readonly message: string;
  /** The hub's own error name or number, e.g. `404001` or `amqp:not-found`. */
  readonly hubCode?: string;
  /** Unix milliseconds before which a try makes no sense, when the hub says so. */
  readonly notBefore?: number;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** How one try to deliver ended. Not every try has an exchange: they are samples where there are many. */
export type Outcome =
  | { readonly kind: "delivered"; readonly exchange?: Exchange; readonly metered?: Metered }
  | { readonly kind: "failed"; readonly failure: Failure; readonly exchange?: Exchange };

export function succeed<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function fail(
  code: FailureCode,
  message: string,
  more: Omit<Failure, "code" | "message"> = {},
): { ok: false; failure: Failure } {
  return { ok: false, failure: { code, message, ...more } };
}
