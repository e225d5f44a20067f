/** The doctor's report of an integration's hub, and what its checks are called. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean | "skipped";
  readonly message: string;
  readonly code?: string;
  readonly next_step?: string;
}

export interface DoctorReport {
  readonly pass: boolean;
  readonly checks: readonly DoctorCheck[];
  readonly checked_at: string;
}

const NAMES: Readonly<Record<string, string>> = {
  name_resolution: "Host name",
  https: "HTTPS",
  amqps: "AMQPS",
  clock: "Clock",
  entra: "Entra",
  primary_key: "Primary key",
  secondary_key: "Secondary key",
  registry_read: "Registry Read",
  registry_write: "Registry Write",
  service_connect: "Service Connect",
  device_connect: "Device Connect",
  tier: "Tier",
  quota: "Quota",
  cleanup: "Tidied up",
};

export function checkName(name: string): string {
  return NAMES[name] ?? name.replaceAll("_", " ");
}
