import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Hint } from "../elements/hint.tsx";
import { Loaded, Loading } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { checkTone, checkWord } from "../integrations/doctor/report.ts";
import { checkName, type DoctorCheck, type DoctorReport } from "./doctor.ts";
import { adminPath, type IntegrationDetail } from "./integration.ts";

/** What the doctor found of the hub last, and a button that lets it look again. */
export function Readiness({ integration: { id, updated_at: changedAt } }: { readonly integration: IntegrationDetail }) {
  const queries = useQueryClient();
  const queryKey = ["integrations", id, "doctor"];
  const query = useQuery({
    queryKey,
    queryFn: async ({ signal }) =>
      (await request<{ report: DoctorReport | null }>(adminPath(id, "doctor"), { signal })).report,
  });
  const check = useMutation({
    mutationFn: () => request<DoctorReport>(adminPath(id, "doctor"), { method: "POST" }),
    onSuccess: (report) => queries.setQueryData(queryKey, report),
  });
  const isOld = query.data != null && Date.parse(query.data.checked_at) < Date.parse(changedAt);
  return (
    <Section
      title="Readiness"
      actions={
        <Group gap="xs">
          {query.data != null && (
            <Text size="sm" c="dimmed" component="span">
              {isOld && "before the last change of settings, "}
              <Time at={query.data.checked_at} />
            </Text>
          )}
          <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
            {query.data == null ? "Check now" : "Check again"}
          </Button>
        </Group>
      }
    >
      {check.error !== null && <FailureNote failure={check.error} />}
      {check.isPending ? (
        <Loading lines={2} />
      ) : (
        <Loaded query={query} lines={2}>
          {(report) =>
            report === null ? (
              <Text size="sm" c="dimmed">
                Not checked yet. The check tries everything that the integration needs of its hub, one thing at a time,
                and leaves nothing behind.
              </Text>
            ) : (
              <Report report={report} isOld={isOld} />
            )
          }
        </Loaded>
      )}
    </Section>
  );
}

/** `isOld`: the settings have changed since, so that what failed may be mended and is not told as a trouble of now. */
function Report({ report: { checks }, isOld }: { readonly report: DoctorReport; readonly isOld: boolean }) {
  const failed = checks.filter(({ ok }) => ok === false);
  return (
    <Stack gap="xs">
      <Paper withBorder p="xs">
        <Group gap="md" component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Checks">
          {checks.map((one) => (
            <li key={one.name}>
              <Hint text={one.message}>
                {/* Focusable, so that what was found can be read without a mouse. */}
                <span tabIndex={0} role="note" aria-label={`${checkName(one.name)}: ${checkWord(one)}. ${one.message}`}>
                  <StateBadge tone={isOld ? "quiet" : checkTone(one)}>{checkName(one.name)}</StateBadge>
                </span>
              </Hint>
            </li>
          ))}
        </Group>
      </Paper>
      {isOld && failed.length > 0 && (
        <Text size="sm" c="dimmed">
          Found before the last change of settings. <i>Check again</i> tells what holds now.
        </Text>
      )}
      {(isOld ? [] : byStep(failed)).map(([first, ...others]) => (
        <FailureNote
          key={first.name}
          title={[first, ...others].map(({ name }) => checkName(name)).join(", ")}
          failure={{ code: first.code ?? "", message: first.message, next_step: first.next_step ?? null }}
        />
      ))}
    </Stack>
  );
}

/** Checks that one and the same step mends are told together. */
function byStep(checks: readonly DoctorCheck[]): readonly (readonly [DoctorCheck, ...DoctorCheck[]])[] {
  const groups = new Map<string, [DoctorCheck, ...DoctorCheck[]]>();
  for (const one of checks) {
    const step = one.next_step ?? one.message;
    const group = groups.get(step);
    if (group === undefined) groups.set(step, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}
