import { Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { CodeBlock } from "./code-block.tsx";

/** Nothing is here yet: what would be, and how to bring it here. */
export function Empty({
  title,
  children,
  command,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  /** To be run in a shell. */
  readonly command?: string;
}) {
  return (
    <Paper withBorder p="lg">
      <Stack gap="xs">
        <Text fw={600}>{title}</Text>
        {children !== undefined && (
          <Text size="sm" c="dimmed" component="div">
            {children}
          </Text>
        )}
        {command !== undefined && <CodeBlock text={command} what="the command" />}
      </Stack>
    </Paper>
  );
}
