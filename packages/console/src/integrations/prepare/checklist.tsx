import { List, Paper, Stack, Text, Title } from "@mantine/core";
import { CodeBlock } from "../../elements/code-block.tsx";
import { Loading } from "../../elements/loaded.tsx";
import { StateBadge, type Tone } from "../../elements/state-badge.tsx";
import { CheckLines } from "../doctor/check-lines.tsx";
import type { DoctorCheck } from "../../integration/doctor.ts";
import { standingOf, type Standing } from "../doctor/report.ts";
import { checksOf, STEPS, type Names, type Step } from "./steps.ts";

const BADGES: Readonly<Record<Standing, readonly [Tone, string]>> = {
  good: ["good", "Right"],
  bad: ["bad", "Not right yet"],
  untried: ["quiet", "Not checked yet"],
};

/** What Azure needs, step by step: how to make it, and what the doctor found of it. */
export function Checklist({
  names,
  checks,
  busy,
}: {
  readonly names: Names;
  readonly checks: readonly DoctorCheck[];
  /** They are being looked at. */
  readonly busy: boolean;
}) {
  return (
    <Stack gap="sm">
      {STEPS.map((step, at) => (
        <ChecklistStep
          key={step.title}
          title={`${at + 1}. ${step.title}`}
          step={step}
          names={names}
          checks={checksOf(step, checks)}
          busy={busy}
        />
      ))}
    </Stack>
  );
}

function ChecklistStep({
  title,
  step,
  names,
  checks,
  busy,
}: {
  readonly title: string;
  readonly step: Step;
  readonly names: Names;
  readonly checks: readonly DoctorCheck[];
  readonly busy: boolean;
}) {
  const standing = standingOf(checks);
  const [tone, word] = BADGES[standing];
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="xs">
        <Title order={2}>
          {title}{" "}
          <Text span inherit fw={400}>
            <StateBadge tone={tone}>{word}</StateBadge>
          </Text>
        </Title>
        {busy ? (
          <Loading lines={step.checks.length > 4 ? 5 : 2} />
        ) : (
          <CheckLines checks={checks} label={`${title}: results`} />
        )}
        {/* What is right needs no instruction; whoever wants it opens it. */}
        <details key={standing} open={standing !== "good"}>
          <Text component="summary" size="sm">
            How
          </Text>
          <Stack gap="xs" mt="xs">
            <List size="sm" type="ordered">
              {step.portal.map((line) => (
                <List.Item key={line}>{line}</List.Item>
              ))}
            </List>
            <Text size="sm">Or in a shell with the Azure CLI:</Text>
            <CodeBlock text={step.commands(names)} what={`commands: ${step.title.toLowerCase()}`} />
          </Stack>
        </details>
      </Stack>
    </Paper>
  );
}
