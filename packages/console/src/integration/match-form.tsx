import { Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { FailureNote } from "../elements/failure-note.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { useRecentEvents, type Judged } from "./match.ts";

/** Chooses the event that is judged. */
export function MatchForm({
  integration,
  judged,
  onJudged,
}: {
  readonly integration: IntegrationDetail;
  readonly judged: Judged | null;
  readonly onJudged: (judged: Judged) => void;
}) {
  const recent = useRecentEvents(integration);
  const madeUp = judged !== null && "name" in judged ? judged : null;
  const [name, setName] = useState(madeUp?.name ?? integration.event);
  const [device, setDevice] = useState(madeUp?.device_id ?? integration.deviceID ?? "");
  const [data, setData] = useState(madeUp?.data ?? "test-event");
  const chosen = judged !== null && "event_id" in judged ? judged.event_id : "";
  const events = recent.data ?? [];
  const options = [
    { value: "", label: events.length === 0 ? "No event came lately" : "Choose…" },
    ...events.map((event) => ({
      value: event.id,
      label: `${event.name} · ${event.device_id ?? "no device"} · ${new Date(event.published_at).toLocaleTimeString()}`,
    })),
    // One that is older, or came from elsewhere: still the one that is shown.
    ...(chosen !== "" && !events.some(({ id }) => id === chosen) ? [{ value: chosen, label: `Event ${chosen}` }] : []),
  ];
  return (
    <Stack gap="sm">
      <NativeSelect
        label="A recent event"
        maw={560}
        data={options}
        value={chosen}
        disabled={recent.isPending}
        onChange={({ currentTarget }) => currentTarget.value !== "" && onJudged({ event_id: currentTarget.value })}
      />
      {recent.error !== null && <FailureNote failure={recent.error} />}
      <Text size="sm" c="dimmed">
        or one that is made up:
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onJudged({ name, device_id: device.trim(), data });
        }}
      >
        <Group align="flex-end" gap="xs">
          <TextInput
            label="Event name"
            required
            w={200}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <TextInput
            label="Device id"
            placeholder="none"
            w={230}
            value={device}
            onChange={({ currentTarget }) => setDevice(currentTarget.value)}
          />
          <Textarea
            label="Data"
            autosize
            minRows={1}
            maxRows={6}
            w={240}
            value={data}
            onChange={({ currentTarget }) => setData(currentTarget.value)}
          />
          <Button type="submit" variant="default" size="sm">
            Judge it
          </Button>
        </Group>
      </form>
    </Stack>
  );
}
