/** What the doctor found last of each integration. */
import type { DatedReport } from "../../core/doctor.ts";
import type { Transaction } from "./transaction.ts";

export interface DoctorReportOperations {
  /** Nothing is kept of an integration that is gone. */
  keepDoctorReport(integrationId: string, report: DatedReport): null;
  doctorReport(integrationId: string): DatedReport | null;
}

export function doctorReportOperations({ db }: Transaction): DoctorReportOperations {
  const save = db.prepare(
    "INSERT OR REPLACE INTO doctor_report (integration_id, report) SELECT id, ?2 FROM integration WHERE id = ?1",
  );
  const select = db.prepare("SELECT report FROM doctor_report WHERE integration_id = ?");

  return {
    keepDoctorReport(integrationId, report) {
      save.run(integrationId, JSON.stringify(report));
      return null;
    },
    doctorReport(integrationId) {
      const row = select.get(integrationId);
      return row === undefined ? null : (JSON.parse(String(row["report"])) as DatedReport);
    },
  };
}
