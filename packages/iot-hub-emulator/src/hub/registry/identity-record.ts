/** How an identity comes to be and how it changes; registry.ts owns what is stored. */
import { randomInt } from "node:crypto";
import { resolveScopes, splitScopes } from "./edge-device.ts";
import { resolveAuthentication } from "./identity-fields.ts";
import type { IdentityFields } from "./identity-fields.ts";
import { NO_DATE } from "./identity.ts";
import type { DeviceIdentity, IdentityRef } from "./identity.ts";

/** A new identity. `now` is in unix milliseconds. */
export function newIdentity({ deviceId, moduleId }: IdentityRef, fields: IdentityFields, now: number): DeviceIdentity {
  const { rest } = splitScopes(fields);
  const identity = {
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    generationId: generationId(now),
    etag: newEtag(),
    status: "enabled",
    statusReason: null,
    statusUpdatedTime: NO_DATE,
    capabilities: { iotEdge: false },
    ...rest,
    authentication: resolveAuthentication(fields.authentication, undefined),
  } as const;
  return { ...identity, ...resolveScopes(identity, fields, {}) };
}

/** What an identity becomes by an update: fields that are not named stay. */
export function changedIdentity(current: DeviceIdentity, fields: IdentityFields, now: number): DeviceIdentity {
  const { scopes, rest: kept } = splitScopes(current);
  const { rest } = splitScopes(fields);
  const status = fields.status ?? current.status;
  const identity = {
    ...kept,
    ...rest,
    status,
    etag: newEtag(),
    authentication: resolveAuthentication(fields.authentication, current.authentication),
    statusUpdatedTime: status === current.status ? current.statusUpdatedTime : new Date(now).toISOString(),
  };
  return { ...identity, ...resolveScopes(identity, fields, scopes) };
}

function newEtag(): string {
  return Buffer.from(String(randomInt(2 ** 47))).toString("base64");
}

// Ticks since the year 1 as the service's own ids look; the last four digits keep two of one millisecond apart.
function generationId(now: number): string {
  return String(BigInt(now) * 10_000n + 621_355_968_000_000_000n + BigInt(randomInt(10_000)));
}
