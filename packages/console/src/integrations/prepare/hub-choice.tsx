import { Alert, Button, Paper, SimpleGrid, Stack, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { readConnectionText } from "../form/connection-text.ts";
import type { HubForm } from "../form/hub-form.ts";
import { CodeBlock } from "../../elements/code-block.tsx";
import { useAbout } from "../../settings/about.ts";

/** The two ways to begin: the hub in the box, or one's own by its connection string. */
export function HubChoice({
  onLocal,
  onPasted,
}: {
  readonly onLocal: () => void;
  /** Is not called for what is no hub's string. */
  readonly onPasted: (change: Pick<HubForm, "hubName"> & Partial<HubForm>) => void;
}) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const hasLocalHub = useAbout().data?.local_hub ?? true;

  function read(pasted: string): void {
    const found = readConnectionText(pasted);
    setWrong(found?.kind === "other" ? found.message : null);
    setText(pasted);
    if (found === null || found.kind === "other") return;
    const { kind: _kind, ...change } = found;
    onPasted(change);
    // The key is in the form now; it need not stand here for all to see.
    if (found.kind === "policy") setText("");
  }

  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Paper withBorder p="md">
        <Stack gap="xs" align="flex-start">
          <Title order={2}>No Azure at hand?</Title>
          <Text size="sm" c="dimmed">
            The Local Hub comes with this server and behaves as an IoT Hub does. It needs no name, policy or key. Moving
            to Azure later is one paste.
          </Text>
          {hasLocalHub ? (
            <Button onClick={onLocal}>Use the Local Hub</Button>
          ) : (
            <>
              <Text size="sm">This server was started without it. With it:</Text>
              <CodeBlock text="ISTHMUS_LOCAL_HUB=on npx isthmus serve" what="the command" />
            </>
          )}
        </Stack>
      </Paper>
      <Paper withBorder p="md">
        <Stack gap="xs">
          <Title order={2}>I have an IoT Hub</Title>
          <Textarea
            label="Connection string of a shared access policy"
            description="Your hub > Shared access policies > the policy > Primary connection string. It fills hub, policy and key, and is checked at once."
            placeholder="HostName=…;SharedAccessKeyName=…;SharedAccessKey=…"
            autosize
            minRows={2}
            maxRows={4}
            spellCheck={false}
            autoComplete="off"
            value={text}
            onChange={({ currentTarget }) => read(currentTarget.value)}
          />
          {wrong !== null && (
            <Alert color="yellow" variant="light" role="alert" p="xs">
              <Text size="sm" className="foreign">
                {wrong}
              </Text>
            </Alert>
          )}
        </Stack>
      </Paper>
    </SimpleGrid>
  );
}
