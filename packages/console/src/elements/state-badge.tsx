import { Group, Text } from "@mantine/core";

export type Tone = "good" | "wait" | "bad" | "quiet";

const SIGNS: Readonly<Record<Tone, string>> = { good: "●", wait: "◐", bad: "▲", quiet: "○" };
/** Custom properties of theme.ts. */
export const TONE_PROPERTIES: Readonly<Record<Tone, string>> = {
  good: "--isthmus-good",
  wait: "--isthmus-wait",
  bad: "--isthmus-bad",
  quiet: "--mantine-color-dimmed",
};

export function toneColor(tone: Tone): string {
  return `var(${TONE_PROPERTIES[tone]})`;
}

/** A state in a word; the sign differs too, so that nobody needs the colour. */
export function StateBadge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex" component="span" className="state">
      <Text span c={toneColor(tone)} aria-hidden size="xs">
        {SIGNS[tone]}
      </Text>
      <Text span size="sm">
        {children}
      </Text>
    </Group>
  );
}
