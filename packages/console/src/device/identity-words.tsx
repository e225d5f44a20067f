/** How the bridge came to an identity, and how a device proves who it is, in words. */
import { StateBadge } from "../elements/state-badge.tsx";
import type { HubIdentity, HubOfDevice } from "./hub-device.ts";

const ORIGINS: Readonly<Record<HubOfDevice["known"], string>> = {
  made: "made by Isthmus",
  adopted: "adopted: somebody else made it",
  unknown: "not known who made it",
};

const AUTHENTICATIONS: Readonly<Record<HubIdentity["authentication"], string>> = {
  sas: "symmetric keys",
  selfSigned: "X.509 certificate by its thumbprint",
  certificateAuthority: "X.509 certificate of an authority",
  none: "none",
};

export function originInWords(known: HubOfDevice["known"]): string {
  return ORIGINS[known];
}

export function authenticationInWords(authentication: HubIdentity["authentication"]): string {
  return AUTHENTICATIONS[authentication];
}

export function StatusBadge({ status }: { readonly status: HubIdentity["status"] }) {
  return status === "enabled" ? (
    <StateBadge tone="good">Enabled</StateBadge>
  ) : (
    <StateBadge tone="bad">Disabled</StateBadge>
  );
}
