import { Group, Text } from "@mantine/core";

export type Tone = "good" | "wait" | "bad" | "quiet";

const SIGNS: Readonly<Record<Tone, string>> = { good: "●", wait: "◐", bad: "▲", quiet: "○" };
const COLORS: Readonly<Record<Tone, string>> = {
  good: "var(--isthmus-good)",
  wait: "var(--isthmus-wait)",
  bad: "var(--isthmus-bad)",
  quiet: "var(--mantine-color-dimmed)",
};

/** A state in a word; the sign differs too, so that nobody needs the colour. */
export function StateBadge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex" component="span">
      <Text span c={COLORS[tone]} aria-hidden size="xs">
        {SIGNS[tone]}
      </Text>
      <Text span size="sm">
        {children}
      </Text>
    </Group>
  );
}
