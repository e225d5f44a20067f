import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { CodeBlock } from "../elements/code-block.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { SecretOnce } from "../elements/secret-once.tsx";
import { devicePath, type DeviceRow } from "./device-rows.ts";

/** The token with which a device publishes: made, shown once, revoked. */
export function DeviceToken({ device }: { readonly device: DeviceRow }) {
  const path = `${devicePath(device)}/token`;
  const make = useMutation({ mutationFn: () => request<{ token: string }>(path, { method: "POST" }) });

  async function revoke(): Promise<void> {
    const { revoked } = await request<{ revoked: number }>(path, { method: "DELETE" });
    make.reset();
    announce(revoked === 1 ? "1 token revoked" : `${revoked} tokens revoked`);
  }

  return (
    <Section title="Token">
      <Stack gap="xs">
        <Text size="sm" c="dimmed">
          With it the device publishes, over HTTP and MQTT. Earlier tokens stay good until they are revoked.
        </Text>
        {make.data !== undefined && (
          <SecretOnce what="device token" secret={make.data.token}>
            <Text size="sm">To publish with it:</Text>
            <CodeBlock text={publishCommand(make.data.token)} what="the command" />
          </SecretOnce>
        )}
        {make.error !== null && <FailureNote failure={make.error} />}
        <Group gap="xs">
          <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
            Make a token
          </Button>
          <ConfirmButton
            title="Revoke all tokens of this device?"
            message="It cannot publish any more until it has a new one."
            onConfirm={revoke}
          >
            Revoke tokens
          </ConfirmButton>
        </Group>
      </Stack>
    </Section>
  );
}

function publishCommand(token: string): string {
  return `curl ${location.origin}/v1/devices/events -H 'Authorization: Bearer ${token}' -d name=temperature -d data=21.5`;
}
