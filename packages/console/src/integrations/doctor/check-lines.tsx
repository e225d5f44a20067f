import { Group, Stack, Text, VisuallyHidden } from "@mantine/core";
import { toneColor } from "../../elements/state-badge.tsx";
import { checkName, type DoctorCheck } from "../../integration/doctor.ts";
import { checkTone, checkWord } from "./report.ts";

const SIGNS = { good: "✓", bad: "✕", quiet: "–", wait: "…" } as const;

/** The doctor's results, a line each: sign, what was looked at, what was found, and what to do where it is not right. */
export function CheckLines({ checks, label }: { readonly checks: readonly DoctorCheck[]; readonly label: string }) {
  return (
    <Stack component="ul" gap={4} m={0} p={0} aria-label={label} style={{ listStyle: "none" }}>
      {checks.map((check, at) => (
        // What several lines need is said with the first of them.
        <CheckLine
          key={check.name}
          check={check}
          withStep={checks.findIndex(({ next_step: step }) => step === check.next_step) === at}
        />
      ))}
    </Stack>
  );
}

function CheckLine({ check, withStep }: { readonly check: DoctorCheck; readonly withStep: boolean }) {
  const tone = checkTone(check);
  return (
    <Group component="li" gap="xs" wrap="nowrap" align="baseline">
      <Text span c={toneColor(tone)} fw={700} w={14} style={{ flex: "none" }} aria-hidden>
        {SIGNS[tone]}
      </Text>
      <div style={{ minWidth: 0 }}>
        <Text span size="sm" fw={500}>
          {checkName(check.name)}
          <VisuallyHidden>: {checkWord(check)}.</VisuallyHidden>
        </Text>{" "}
        <Text span size="sm" className="foreign" {...(tone !== "bad" && { c: "dimmed" })}>
          {check.message}
        </Text>
        {check.next_step !== undefined && withStep && (
          <Text size="sm" className="foreign">
            <b>Next step:</b> {check.next_step}
          </Text>
        )}
      </div>
    </Group>
  );
}
