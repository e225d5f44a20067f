import { Alert, Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { CodeInput } from "../elements/code-input.tsx";
import { fieldFailure } from "../client/field-failure.ts";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { announce } from "../elements/announcements.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { useDoInHub, useInHub, type HubIdentity, type InHub } from "./hub-device.ts";
import { HubFailure } from "./missing-note.tsx";
import { propertiesOf } from "./property-lines.ts";
import { NumberField } from "../elements/number-field.tsx";

interface Sent {
  readonly message_id: string;
  readonly expires_at: string;
  readonly ack: string;
}

const ACKS = [
  { value: "none", label: "none" },
  { value: "positive", label: "when the device took it" },
  { value: "negative", label: "when it expired or was refused" },
  { value: "full", label: "either way" },
];

/** Writes a message to the device; it waits in the hub until the device takes it. */
export function CloudToDeviceTab({ at }: { readonly at: InHub }) {
  const [body, setBody] = useState("");
  const [contentType, setContentType] = useState("application/json");
  const [properties, setProperties] = useState("");
  const [ack, setAck] = useState("none");
  const [minutes, setMinutes] = useState<number | string>(60);
  const send = useDoInHub<Sent, Readonly<Record<string, unknown>>>(at, "messages", { method: "POST" });
  const parsed = propertiesOf(properties);
  return (
    <Section title="Cloud-to-device message" actions={<Waiting at={at} />}>
      <Text size="sm" c="dimmed">
        It waits in the hub for the device, with at most 49 others, until the device takes it or its time is over. A
        device behind the bridge does not read these: change its state instead.
      </Text>
      <Stack
        component="form"
        gap="sm"
        maw={640}
        onSubmit={(event) => {
          event.preventDefault();
          if (!parsed.ok) return;
          send.mutate({
            body,
            content_type: contentType,
            properties: parsed.value,
            ack,
            expires_in: Math.round(Number(minutes) * 60),
          });
        }}
      >
        <CodeInput
          label="Body"
          description="Sent as it stands here; 64 KB at most with the properties."
          required
          minRows={3}
          maxRows={20}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
          error={fieldFailure(send.error, "body")}
        />
        <TextInput
          label="Content type"
          value={contentType}
          onChange={(event) => setContentType(event.currentTarget.value)}
          error={fieldFailure(send.error, "content_type")}
        />
        <Textarea
          label="Properties"
          description="One to a line, as colour=red. The device reads them beside the body."
          autosize
          minRows={2}
          maxRows={10}
          spellCheck={false}
          value={properties}
          onChange={(event) => setProperties(event.currentTarget.value)}
          error={parsed.ok ? fieldFailure(send.error, "properties") : parsed.message}
        />
        <Group grow align="flex-start">
          <NativeSelect
            label="Feedback"
            description="Told to services that read the hub’s feedback"
            data={ACKS}
            value={ack}
            onChange={(event) => setAck(event.currentTarget.value)}
          />
          <NumberField
            label="Minutes to wait"
            description="2,880 (two days) at most"
            min={1}
            max={2_880}
            value={minutes}
            onChange={setMinutes}
            error={fieldFailure(send.error, "expires_in")}
          />
        </Group>
        <Group>
          <Button type="submit" loading={send.isPending} disabled={body === "" || !parsed.ok}>
            Send the message
          </Button>
        </Group>
      </Stack>
      {send.error !== null && <HubFailure failure={send.error} />}
      {send.data !== undefined && (
        <Alert color="teal" variant="light" role="status" title="The hub has the message">
          <Text size="sm" component="div">
            Message id <span className="foreign">{send.data.message_id}</span>; it waits until{" "}
            <Time at={send.data.expires_at} />.
          </Text>
        </Alert>
      )}
    </Section>
  );
}

function Waiting({ at }: { readonly at: InHub }) {
  const { data } = useInHub<HubIdentity>(at, "identity");
  const purge = useDoInHub<{ readonly purged: number }>(at, "messages", { method: "DELETE" });
  const waiting = data?.waiting_messages ?? 0;
  if (waiting === 0) return null;
  return (
    <Group gap="xs">
      <Text size="sm">{waiting.toLocaleString()} of 50 wait</Text>
      <ConfirmButton
        title="Throw away what waits for the device?"
        message={`${waiting.toLocaleString()} messages wait in the hub. The device will never get them.`}
        confirmLabel="Throw them away"
        onConfirm={async () => {
          const { purged } = await purge.mutateAsync(undefined);
          announce(`${purged.toLocaleString()} messages were thrown away.`);
        }}
      >
        Empty the queue
      </ConfirmButton>
    </Group>
  );
}
