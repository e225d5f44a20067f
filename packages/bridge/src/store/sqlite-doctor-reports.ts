/** The doctor's last reports, in the embedded store. */
import type { DoctorReports } from "../core/doctor.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createDoctorReports(worker: GroupCommit): DoctorReports {
  return {
    async keepDoctorReport(integrationId, report) {
      await worker.call("keepDoctorReport", integrationId, report);
    },
    doctorReport: (integrationId) => worker.call("doctorReport", integrationId),
  };
}
