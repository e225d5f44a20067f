import { useMutation } from "@tanstack/react-query";
import { request } from "../../client/request.ts";
import type { Report } from "./report.ts";

/** What was examined, so that a report of other settings is known to be old. */
export interface Examined {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly report: Report;
}

/** Tries a hub with settings that are not saved: `connectionFields` of the form, with `id` those of a stored integration. */
export function useDraftDoctor() {
  return useMutation({
    mutationFn: async (fields: Readonly<Record<string, unknown>>): Promise<Examined> => ({
      fields,
      report: await request<Report>("/admin/v1/doctor", { method: "POST", body: fields }),
    }),
    // A key is in it: nothing of it outlives the form.
    gcTime: 0,
  });
}

export type DraftDoctor = ReturnType<typeof useDraftDoctor>;

/** Whether the report is about these settings. */
export function isAbout({ fields }: Examined, now: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(fields) === JSON.stringify(now);
}
