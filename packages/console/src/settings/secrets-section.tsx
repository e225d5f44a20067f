import { List, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { request } from "../client/request.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { Section } from "../elements/page.tsx";

/** The key that seals all secrets, and changing it. */
export function SecretsSection() {
  const [resealed, setResealed] = useState<number | null>(null);

  async function rotate(): Promise<void> {
    const answer = await request<{ resealed: number }>("/admin/v1/secrets/rotate", { method: "POST" });
    setResealed(answer.resealed);
  }

  return (
    <Section title="The key of the secrets">
      <Stack gap="sm" maw={720}>
        <Text size="sm">
          Policy keys, client secrets, webhooks' credentials, sources' tokens and apps' secrets are sealed with one key
          before they are written. No screen, answer, log line or metric shows one. The key is, in this order:
        </Text>
        <List size="sm" type="ordered">
          <List.Item>what the setting ISTHMUS_SECRET_KEY says,</List.Item>
          <List.Item>the file that ISTHMUS_SECRET_KEY_FILE names,</List.Item>
          <List.Item>the file secret.key in the data folder, made at the first start.</List.Item>
        </List>
        <Text size="sm">
          A new key seals everything anew in one step, while all goes on. Change it when somebody who could read the
          data folder should no longer, and make a backup afterwards: older ones need the older key. Where you keep the
          key yourself, you change it there.
        </Text>
        {resealed !== null && (
          <Text size="sm" role="status">
            Done: {resealed.toLocaleString()} secrets are sealed under a new key. Keep a copy of the new{" "}
            <code>secret.key</code>.
          </Text>
        )}
        <div>
          <ConfirmButton
            title="Seal all secrets under a new key?"
            message="Nothing stops meanwhile. Backups made before need the key of before: keep it as long as you keep them."
            confirmLabel="Make a new key"
            onConfirm={rotate}
          >
            Make a new key
          </ConfirmButton>
        </div>
        <Text size="sm" c="dimmed">
          The same on the command line:
        </Text>
        <CodeBlock text="npx isthmus secrets rotate" what="the command" />
      </Stack>
    </Section>
  );
}
