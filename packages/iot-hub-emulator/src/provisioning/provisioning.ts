/** A Device Provisioning Service beside the hub: devices that are enrolled come to it and are assigned to this hub. */
import type { Hub } from "../hub/hub.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import type { Journal, JournalEntry } from "../hub/journal/journal.ts";
import { generateKey } from "../hub/access/policies.ts";
import type { SharedAccessPolicy } from "../hub/access/policies.ts";
import { assign } from "./assignment.ts";
import { Enrollments } from "./enrollments.ts";
import { ProvisioningError } from "./errors.ts";
import { idScopeOf, registrationKey, requireRegistrationId } from "./ids.ts";
import { Operations, formatOperation } from "./operations.ts";
import { Registrations, formatRegistration, unassignedState } from "./registrations.ts";
import { signIn } from "./sign-in.ts";
import type { Caller, SignedIn } from "./sign-in.ts";

const POLICY_NAME = "provisioningserviceowner";
const POLICY_KEY = `provisioning/policy/${POLICY_NAME}`;
/** Of a device's payload, as JSON text. */
const MAX_PAYLOAD_BYTES = 16 * 1024;

/** Seconds until a device should ask how its registration went. */
const RETRY_AFTER_SECONDS = 1;

/** The answer to a device: `status` is that of HTTP. */
export interface DeviceAnswer {
  readonly status: 200 | 202;
  readonly document: object;
  readonly retryAfterSeconds?: number;
}

export class Provisioning {
  readonly idScope: string;
  readonly policy: SharedAccessPolicy;
  readonly individuals: Enrollments;
  readonly groups: Enrollments;
  readonly registrations: Registrations;
  readonly hub: Hub;
  readonly #operations = new Operations();

  private constructor(hub: Hub, journal: Journal, policy: SharedAccessPolicy) {
    this.hub = hub;
    this.idScope = idScopeOf(hub.hostName);
    this.policy = policy;
    const registrations = new Registrations(journal);
    const { now } = hub;
    this.registrations = registrations;
    this.individuals = new Enrollments({ kind: "individual", journal, registrations, now });
    this.groups = new Enrollments({ kind: "group", journal, registrations, now });
  }

  /** The service that goes with a hub, with what its journal has of it. */
  static async open(hub: Hub): Promise<Provisioning> {
    const { journal } = hub;
    const kept = journal.entries.get(POLICY_KEY) as Pick<SharedAccessPolicy, "primaryKey" | "secondaryKey"> | undefined;
    const keys = kept ?? { primaryKey: generateKey(), secondaryKey: generateKey() };
    if (kept === undefined) await journal.commit([[POLICY_KEY, keys]]);
    return new Provisioning(hub, journal, { name: POLICY_NAME, ...keys, permissions: new Set() });
  }

  /** What a service that takes the place of this one must know for its clients to go on: the keys of its policy. */
  secrets(): readonly JournalEntry[] {
    const { primaryKey, secondaryKey } = this.policy;
    return [[POLICY_KEY, { primaryKey, secondaryKey }]];
  }

  /** A service may do everything by the policy of this service, and by no other. Throws `ProvisioningError` or `HubError`. */
  authorizeService(token: string): void {
    const policies = { get: (name: string) => (name === this.policy.name ? this.policy : undefined) };
    const principal = this.hub.authenticate(token, { policies });
    if (principal.kind !== "policy" || principal.resource.includes("/")) {
      throw new ProvisioningError("Unauthorized", "The token must be for the whole provisioning service.");
    }
  }

  /** Throws `ProvisioningError`. */
  signIn(caller: Caller): SignedIn {
    if (caller.idScope !== this.idScope) {
      throw new ProvisioningError("NotFound", `There is no id scope ${caller.idScope}; this one's is ${this.idScope}.`);
    }
    requireRegistrationId(caller.registrationId);
    const { individuals, groups, hub } = this;
    const { certificateAuthorities: authorities, now } = hub;
    return signIn({ individuals, groups, authorities, now }, caller);
  }

  /** Assigns the device and tells it to ask again, as the service does. `document` is its request. Throws `ProvisioningError`. */
  async register(caller: Caller, document: unknown): Promise<DeviceAnswer> {
    const signedIn = this.signIn(caller);
    const payload = payloadOf(caller, document);
    const previous = this.registrations.find(caller.registrationId);
    const registrationId = previous?.registrationId ?? caller.registrationId;
    const registration = await assign(this.hub, { ...signedIn, registrationId, ...(previous && { previous }) });
    await this.registrations.set(registration);
    const { operationId } = this.#operations.add(registration, payload);
    return {
      status: 202,
      document: { operationId, status: "assigning" },
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    };
  }

  /** How a registration went. Throws `ProvisioningError`. */
  operation(caller: Caller, operationId: string): DeviceAnswer {
    this.signIn(caller);
    return { status: 200, document: formatOperation(this.#operations.get(caller.registrationId, operationId)) };
  }

  /** Where the device was assigned. Throws `ProvisioningError`. */
  lookUp(caller: Caller): DeviceAnswer {
    const { enrollment } = this.signIn(caller);
    const registration = this.registrations.find(caller.registrationId);
    const document =
      registration === undefined
        ? unassignedState(caller.registrationId, enrollment.created)
        : formatRegistration(registration);
    return { status: 200, document };
  }
}

function payloadOf({ registrationId }: Caller, document: unknown): unknown {
  const { registrationId: named, payload } = requireObject(document ?? {}, "The request");
  if (
    named !== undefined &&
    (typeof named !== "string" || registrationKey(named) !== registrationKey(registrationId))
  ) {
    throw new ProvisioningError("BadRequest", "registrationId in the body is not the one that signed in.");
  }
  if (payload !== undefined && Buffer.byteLength(JSON.stringify(payload)) > MAX_PAYLOAD_BYTES) {
    throw new ProvisioningError("BadRequest", `payload has at most ${MAX_PAYLOAD_BYTES} bytes.`);
  }
  return payload ?? undefined;
}
