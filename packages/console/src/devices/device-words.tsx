/** Approval, presence and hub of a device, each in a word. */
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import type { DeviceRow, Sync } from "./device-rows.ts";

const APPROVALS: Readonly<Record<DeviceRow["approval"], readonly [Tone, string]>> = {
  approved: ["good", "Approved"],
  quarantined: ["wait", "Quarantined"],
  denied: ["bad", "Denied"],
};

const SYNCS: Readonly<Record<Sync, readonly [Tone, string]>> = {
  in_step: ["good", "In step"],
  waiting: ["wait", "Waiting for the hub"],
  missing_in_hub: ["bad", "Missing in the hub"],
  no_hub: ["quiet", "No hub"],
};

/** A Thing has keys of its own and is not approved. */
export function ApprovalBadge({ device }: { readonly device: Pick<DeviceRow, "approval" | "kind"> }) {
  if (device.kind === "thing") return <StateBadge tone="quiet">Thing</StateBadge>;
  const [tone, word] = APPROVALS[device.approval];
  return <StateBadge tone={tone}>{word}</StateBadge>;
}

/** Connected over MQTT, or a Thing that its hub sees. Who publishes over HTTP holds no connection. */
export function OnlineBadge({ online }: { readonly online: boolean }) {
  return <StateBadge tone={online ? "good" : "quiet"}>{online ? "Online" : "Not connected"}</StateBadge>;
}

export function SyncBadge({ sync, status }: { readonly sync: Sync; readonly status: "enabled" | "disabled" }) {
  if (sync !== "missing_in_hub" && status === "disabled") return <StateBadge tone="bad">Disabled</StateBadge>;
  const [tone, word] = SYNCS[sync];
  return <StateBadge tone={tone}>{word}</StateBadge>;
}
