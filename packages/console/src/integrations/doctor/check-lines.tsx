import { Group, Stack, Text, VisuallyHidden } from "@mantine/core";
import { checkTitle, checkTone, checkWord, type Check } from "./report.ts";

const SIGNS = { good: "✓", bad: "✕", quiet: "–", wait: "…" } as const;
const COLORS = {
  good: "var(--isthmus-good)",
  bad: "var(--isthmus-bad)",
  wait: "var(--isthmus-wait)",
  quiet: "var(--mantine-color-dimmed)",
} as const;

/** The doctor's results, a line each: sign, what was looked at, what was found, and what to do where it is not right. */
export function CheckLines({ checks, label }: { readonly checks: readonly Check[]; readonly label: string }) {
  return (
    <Stack component="ul" gap={4} m={0} p={0} aria-label={label} style={{ listStyle: "none" }}>
      {checks.map((check) => (
        <CheckLine key={check.name} check={check} />
      ))}
    </Stack>
  );
}

function CheckLine({ check }: { readonly check: Check }) {
  const tone = checkTone(check);
  return (
    <Group component="li" gap="xs" wrap="nowrap" align="baseline">
      <Text span c={COLORS[tone]} fw={700} w={14} style={{ flex: "none" }} aria-hidden>
        {SIGNS[tone]}
      </Text>
      <div style={{ minWidth: 0 }}>
        <Text span size="sm" fw={500}>
          {checkTitle(check)}
          <VisuallyHidden>: {checkWord(check)}.</VisuallyHidden>
        </Text>{" "}
        <Text span size="sm" className="foreign" {...(tone !== "bad" && { c: "dimmed" })}>
          {check.message}
        </Text>
        {check.next_step !== undefined && (
          <Text size="sm" className="foreign">
            <b>Next step:</b> {check.next_step}
          </Text>
        )}
      </div>
    </Group>
  );
}
