/** The port to the doctor: tries everything that an integration needs of its hub, one thing at a time, and leaves nothing behind. */
import type { HubConnection } from "./integration.ts";

/** In the order in which they are made. */
export type DoctorCheckName =
  | "name_resolution"
  | "https"
  | "amqps"
  | "clock"
  | "entra"
  | "primary_key"
  | "secondary_key"
  | "registry_read"
  | "registry_write"
  | "service_connect"
  | "device_connect"
  | "tier"
  | "quota"
  | "cleanup";

export interface DoctorCheck {
  readonly name: DoctorCheckName;
  /** `skipped`: it could not be tried, because an earlier check failed. */
  readonly ok: boolean | "skipped";
  /** What was found, in a sentence. */
  readonly message: string;
  /** Stable: that of a failure, or `clock_skew`. */
  readonly code?: string;
  readonly nextStep?: string;
}

export interface DoctorReport {
  /** No check failed. */
  readonly pass: boolean;
  readonly checks: readonly DoctorCheck[];
}

/** Never rejects for what a hub does. `null`: the integration is unknown, or has no hub. */
export type Diagnose = (integrationId: string) => Promise<DoctorReport | null>;

/** A report with the moment at which it was made, unix milliseconds. */
export interface DatedReport extends DoctorReport {
  readonly at: number;
}

/** The last report of each integration, so that whoever looks later knows what was found and when. Kept by `store/`. */
export interface DoctorReports {
  keepDoctorReport(integrationId: string, report: DatedReport): Promise<void>;
  /** `null`: the doctor has not looked at it. */
  doctorReport(integrationId: string): Promise<DatedReport | null>;
}
/** A hub as somebody describes it who has saved nothing yet. With an empty key only the way to the hub is looked at. */
export type DraftConnection = Omit<HubConnection, "id">;

/** Never rejects for what a hub does. */
export type DiagnoseDraft = (draft: DraftConnection) => Promise<DoctorReport>;
