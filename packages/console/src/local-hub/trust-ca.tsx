import { Button, Group, Stack, Text } from "@mantine/core";
import { CodeBlock } from "../elements/code-block.tsx";
import { saveText } from "../elements/save-text.ts";
import type { LocalHub } from "./local-hub.ts";

/** Clients refuse a hub whose authority they do not know. */
export function TrustCa({ hub: { ca, ca_file } }: { readonly hub: LocalHub }) {
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        The hub has an authority of its own, which stays the same over restarts. Node takes it from the environment;
        other clients take the file.
      </Text>
      <CodeBlock text={`export NODE_EXTRA_CA_CERTS=${ca_file}`} what="the line for Node" />
      <Group gap="xs">
        <Button variant="default" onClick={() => saveText("local-hub-ca.pem", ca, "application/x-pem-file")}>
          Download the CA
        </Button>
      </Group>
    </Stack>
  );
}
