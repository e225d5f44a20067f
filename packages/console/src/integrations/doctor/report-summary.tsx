import { StateBadge, type Tone } from "../../elements/state-badge.tsx";
import { connectionFields, type HubForm } from "../form/hub-form.ts";
import { reportInWords } from "./report.ts";
import { isAbout, type DraftDoctor } from "./use-draft-doctor.ts";

/** How the hub of the form was found to be, in a line. */
export function ReportSummary({ doctor, form }: { readonly doctor: DraftDoctor; readonly form: HubForm }) {
  const [tone, words] = summary(doctor, form);
  return (
    <span role="status">
      <StateBadge tone={tone}>{words}</StateBadge>
    </span>
  );
}

function summary({ data, error, isPending }: DraftDoctor, form: HubForm): readonly [Tone, string] {
  if (isPending) return ["wait", "Checking…"];
  if (error !== null) return ["bad", `It could not be checked: ${error.message}`];
  if (data === undefined) return ["quiet", "Not checked yet"];
  if (!isAbout(data, connectionFields(form))) return ["quiet", "Not checked since it was changed"];
  const { report } = data;
  return [report.pass ? "good" : "bad", `Checked: ${reportInWords(report)}`];
}
