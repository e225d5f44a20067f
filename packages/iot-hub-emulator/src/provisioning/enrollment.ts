/** An enrollment: which device, or which group of devices, may come, how it proves itself, and what it starts with. */
import { requireDeviceId, requireObject } from "../hub/registry/identity-fields.ts";
import { parseTwinChange } from "../hub/twins/twin-change.ts";
import type { TwinChange } from "../hub/twins/twin-change.ts";
import { formatAttestation, parseAttestation } from "./attestation.ts";
import type { Attestation } from "./attestation.ts";
import { ProvisioningError } from "./errors.ts";
import { newEtag } from "./ids.ts";

export interface Enrollment {
  readonly kind: "individual" | "group";
  /** Registration id of the device, or id of the group. */
  readonly id: string;
  readonly etag: string;
  readonly attestation: Attestation;
  /** Of an individual one; absent: the registration id. */
  readonly deviceId?: string;
  readonly initialTwin?: TwinChange;
  readonly provisioningStatus: "enabled" | "disabled";
  readonly capabilities: { readonly iotEdge: boolean };
  readonly reprovisionPolicy: ReprovisionPolicy;
  readonly allocationPolicy?: AllocationPolicy;
  /** Kept and shown: this service has one hub, and that is the one devices get. */
  readonly iotHubs?: readonly string[];
  readonly iotHubHostName?: string;
  /** What the service knows about the device, as it was given. */
  readonly optionalDeviceInformation?: unknown;
  /** ISO 8601. */
  readonly created: string;
  readonly updated: string;
}

/** What happens when a device that was assigned comes again. */
export interface ReprovisionPolicy {
  /** Whether it is assigned anew at all. */
  readonly updateHubAssignment: boolean;
  /** Whether it keeps its twin then; otherwise it starts again as at first. */
  readonly migrateDeviceData: boolean;
}

type AllocationPolicy = "hashed" | "geoLatency" | "static";

const ALLOCATION_POLICIES: readonly AllocationPolicy[] = ["hashed", "geoLatency", "static"];
const ID_FIELDS = { individual: "registrationId", group: "enrollmentGroupId" } as const;

export interface EnrollmentContext {
  readonly kind: Enrollment["kind"];
  readonly id: string;
  /** What is replaced, when there is one. */
  readonly current?: Enrollment;
  /** ISO 8601. */
  readonly now: string;
}

/** Reads an enrollment's document. Throws `ProvisioningError`, or the `HubError` of a twin that cannot be. */
export function parseEnrollment(document: unknown, { kind, id, current, now }: EnrollmentContext): Enrollment {
  const source = withoutNulls(requireObject(document, "The enrollment"));
  const named = source[ID_FIELDS[kind]];
  if (named !== undefined && named !== id) throw bad(`${ID_FIELDS[kind]} in the body is not the one in the path.`);
  const { deviceId, initialTwin, iotHubs, iotHubHostName, optionalDeviceInformation } = source;
  const allocationPolicy = allocationPolicyOf(source["allocationPolicy"]);
  return {
    kind,
    id,
    etag: newEtag(),
    attestation: parseAttestation(source["attestation"], kind, current?.attestation),
    provisioningStatus: oneOf(source["provisioningStatus"] ?? "enabled", ["enabled", "disabled"], "provisioningStatus"),
    capabilities: { iotEdge: flag(source["capabilities"], "iotEdge", false) },
    reprovisionPolicy: {
      updateHubAssignment: flag(source["reprovisionPolicy"], "updateHubAssignment", true),
      migrateDeviceData: flag(source["reprovisionPolicy"], "migrateDeviceData", true),
    },
    created: current?.created ?? now,
    updated: now,
    ...(deviceId === undefined || deviceId === "" || kind === "group" ? {} : { deviceId: requireDeviceId(deviceId) }),
    ...(initialTwin === undefined ? {} : { initialTwin: parseTwinChange(initialTwin) }),
    ...(allocationPolicy === undefined ? {} : { allocationPolicy }),
    ...(iotHubs === undefined ? {} : { iotHubs: textsOf(iotHubs, "iotHubs") }),
    ...(typeof iotHubHostName === "string" ? { iotHubHostName } : {}),
    ...(optionalDeviceInformation === undefined ? {} : { optionalDeviceInformation }),
  };
}

/** An enrollment as services read it; `registrationState` is that of an individual one's device. */
export function formatEnrollment(
  enrollment: Enrollment,
  { withKeys = false, registrationState }: { readonly withKeys?: boolean; readonly registrationState?: object } = {},
): Readonly<Record<string, unknown>> {
  const { kind, id, etag, attestation, initialTwin, created, updated, ...shown } = enrollment;
  return {
    [ID_FIELDS[kind]]: id,
    ...shown,
    attestation: formatAttestation(attestation, { withKeys }),
    ...(initialTwin === undefined ? {} : { initialTwin: formatTwin(initialTwin) }),
    ...(registrationState === undefined ? {} : { registrationState }),
    // The service's etags carry their quotes.
    etag: `"${etag}"`,
    createdDateTimeUtc: created,
    lastUpdatedDateTimeUtc: updated,
  };
}

function formatTwin({ tags, desired }: TwinChange): object {
  return { tags: tags ?? {}, properties: { desired: desired ?? {} } };
}

function allocationPolicyOf(value: unknown): AllocationPolicy | undefined {
  if (value === undefined) return undefined;
  if (value === "custom") {
    throw new ProvisioningError("NotImplemented", "Custom allocation by a webhook: not implemented by this emulator.");
  }
  return oneOf(value, ALLOCATION_POLICIES, "allocationPolicy");
}

function flag(document: unknown, name: string, absent: boolean): boolean {
  const value = document === undefined ? undefined : requireObject(document, "A policy")[name];
  if (value === undefined || value === null) return absent;
  if (typeof value !== "boolean") throw bad(`${name} must be a boolean.`);
  return value;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  const found = allowed.find((item) => typeof value === "string" && item.toLowerCase() === value.toLowerCase());
  if (found === undefined) throw bad(`${name} must be one of ${allowed.join(", ")}.`);
  return found;
}

function textsOf(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
    throw bad(`${name} must be an array of strings.`);
  }
  return value as readonly string[];
}

function withoutNulls(source: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== null));
}

function bad(message: string): ProvisioningError {
  return new ProvisioningError("BadRequest", message);
}
