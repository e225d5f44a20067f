import { Alert, Stack, Text } from "@mantine/core";
import { CodeBlock } from "./code-block.tsx";

/** A secret that is shown this once. */
export function SecretOnce({
  what,
  secret,
  children,
}: {
  /** "token of the device". */
  readonly what: string;
  readonly secret: string;
  readonly children?: React.ReactNode;
}) {
  return (
    <Alert color="yellow" variant="light" title={`Copy the ${what} now: it is not shown again`}>
      <Stack gap="xs">
        <CodeBlock text={secret} what={`the ${what}`} />
        {children !== undefined && (
          <Text size="sm" component="div">
            {children}
          </Text>
        )}
      </Stack>
    </Alert>
  );
}
