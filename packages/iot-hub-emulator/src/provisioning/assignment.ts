/** Assigning a device to the hub: its identity is made, or brought up to date, as its enrollment says. */
import { HubError } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { Enrollment } from "./enrollment.ts";
import { newEtag } from "./ids.ts";
import type { Registration } from "./registrations.ts";
import type { SignedIn } from "./sign-in.ts";

type Substatus = NonNullable<Registration["substatus"]>;

export interface Assignment extends SignedIn {
  readonly registrationId: string;
  /** How the device was assigned before. */
  readonly previous?: Registration;
}

/** What the hub refuses becomes a failed registration; only faults of ours are thrown. */
export async function assign(hub: Hub, assignment: Assignment): Promise<Registration> {
  const { enrollment, registrationId, previous } = assignment;
  const assigned = previous?.status === "assigned" ? previous : undefined;
  if (assigned !== undefined && !enrollment.reprovisionPolicy.updateHubAssignment) return assigned;
  const now = new Date(hub.now()).toISOString();
  const deviceId = enrollment.deviceId ?? registrationId;
  const common = {
    registrationId,
    ...(enrollment.kind === "group" ? { groupId: enrollment.id } : {}),
    etag: newEtag(),
    created: previous?.created ?? now,
    updated: now,
    attestation: enrollment.attestation.type,
  };
  try {
    const substatus = await provide(hub, deviceId, assignment, assigned !== undefined);
    return { ...common, status: "assigned", substatus, assignedHub: hub.hostName, deviceId };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ...common, status: "failed", errorCode: error.errorCode, errorMessage: error.message };
  }
}

async function provide(
  hub: Hub,
  deviceId: string,
  { enrollment, authentication }: Assignment,
  wasAssigned: boolean,
): Promise<Substatus> {
  const { capabilities, reprovisionPolicy } = enrollment;
  const known = hub.registry.find(deviceId);
  const resets = wasAssigned && !reprovisionPolicy.migrateDeviceData;
  if (known !== undefined && resets) await hub.registry.delete(deviceId);
  if (known !== undefined && !resets) {
    await hub.registry.update(deviceId, { authentication });
    return wasAssigned ? "deviceDataMigrated" : "initialAssignment";
  }
  await hub.registry.create(deviceId, { authentication, capabilities }, hub.twins.initial(initialTwinOf(enrollment)));
  return resets ? "deviceDataReset" : "initialAssignment";
}

function initialTwinOf({ initialTwin }: Enrollment): NonNullable<Enrollment["initialTwin"]> {
  return initialTwin ?? {};
}
