import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { FailureNote } from "../../elements/failure-note.tsx";
import { ReportSummary } from "../doctor/report-summary.tsx";
import { isAbout, type DraftDoctor } from "../doctor/use-draft-doctor.ts";
import { connectionFields, type HubForm } from "../form/hub-form.ts";
import { HubFields } from "../form/hub-fields.tsx";
import { Checklist } from "./checklist.tsx";
import { HubChoice } from "./hub-choice.tsx";

/** The hub before the integration: chosen or made, and checked. One may go on without. */
export function PrepareStep({
  form,
  doctor,
  onChange,
  onCheck,
  onLocal,
  onGoOn,
}: {
  readonly form: HubForm;
  readonly doctor: DraftDoctor;
  readonly onChange: (change: Partial<HubForm>) => void;
  /** With changes that are not in `form` yet. */
  readonly onCheck: (change?: Partial<HubForm>) => void;
  readonly onLocal: () => void;
  readonly onGoOn: () => void;
}) {
  const { data, isPending } = doctor;
  const current = data !== undefined && isAbout(data, connectionFields(form)) ? data.report : undefined;
  return (
    <Stack gap="md">
      <HubChoice
        onLocal={onLocal}
        onPasted={(change) => {
          onChange(change);
          if (change.policyKey !== undefined) onCheck(change);
        }}
      />
      <Paper withBorder p="md">
        <Stack gap="md">
          <HubFields form={form} onChange={onChange} failure={doctor.error} />
          <Group gap="sm">
            <Button loading={isPending} disabled={form.hubName.trim() === ""} onClick={() => onCheck()}>
              Check now
            </Button>
            <ReportSummary doctor={doctor} form={form} />
          </Group>
          {doctor.error !== null && <FailureNote failure={doctor.error} title="It could not be checked" />}
        </Stack>
      </Paper>
      <Checklist names={form} checks={current?.checks ?? []} busy={isPending} />
      <Group gap="sm">
        <Button size="sm" onClick={onGoOn}>
          Go on to the form
        </Button>
        {current?.pass !== true && (
          <Text size="sm" c="dimmed" maw={560}>
            You can go on without: events that come meanwhile wait here, and leave when the hub takes them.
          </Text>
        )}
      </Group>
    </Stack>
  );
}
