/** Who a link of a device or module acts for: the identity, the token it lives by, and the model the device says it has. */
import { asHubError } from "../../hub/errors.ts";
import { refOf } from "../../hub/registry/identity.ts";
import type { DeviceIdentity, IdentityRef } from "../../hub/registry/identity.ts";
import type { ConnectionContext } from "../context.ts";
import type { Grant } from "../security/credentials.ts";
import type { LinkRequest } from "../links/link.ts";

const MODEL_ID = "com.microsoft:model-id";
const MAX_MODEL_ID = 2_048;

export interface AuthorizedDevice {
  readonly ref: IdentityRef;
  readonly identity: DeviceIdentity;
  readonly grant: Grant;
}

/** Throws what `Hub.requireDevice` throws when neither a token nor a certificate of the connection covers the device. */
export function authorizeDevice(
  { credentials, hub, reportFault }: ConnectionContext,
  { attach }: LinkRequest,
  { deviceId, moduleId }: IdentityRef,
): AuthorizedDevice {
  const { grant, identity } = credentials.forDevice(deviceId, moduleId);
  const ref = refOf(identity);
  const modelId = attach.properties.get(MODEL_ID);
  if (typeof modelId === "string" && modelId.length <= MAX_MODEL_ID) {
    hub.twins.setModelId(ref, modelId).catch((error: unknown) => reportFault(asHubError(error)));
  }
  return { ref, identity, grant };
}
