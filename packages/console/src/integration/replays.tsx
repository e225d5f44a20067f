import { Button, Group, Modal, Progress, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { adminPath, LIVE_MS, type IntegrationDetail } from "./integration.ts";

interface Replay {
  readonly id: string;
  readonly state: "running" | "done" | "cancelled";
  readonly from: string;
  readonly to: string;
  readonly device_id: string | null;
  readonly event: string | null;
  readonly queued: number;
  readonly delivered: number;
  readonly parked: number;
  readonly waiting: number;
  readonly created_at: string;
}

const HOUR = 3_600_000;

/** Delivered events of a time window, sent once more. */
export function Replays({ integration: { id } }: { readonly integration: IntegrationDetail }) {
  const [opened, { open, close }] = useDisclosure(false);
  const queries = useQueryClient();
  const { data: replays = [] } = useQuery({
    queryKey: ["integrations", id, "replays"],
    queryFn: async ({ signal }) =>
      (await request<{ replays: readonly Replay[] }>(adminPath(id, "replays"), { signal })).replays,
    refetchInterval: LIVE_MS,
  });
  const cancel = useMutation({
    mutationFn: (replay: string) => request(adminPath(id, "replays", replay), { method: "DELETE" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["integrations", id] }),
  });
  return (
    <Section
      title="Replay"
      actions={
        <Button variant="default" onClick={open}>
          Replay a time window…
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        Sends delivered events once more, with the message ids that they had: for a hub or a target that has lost some.
      </Text>
      {cancel.error !== null && <FailureNote failure={cancel.error} />}
      {replays.length > 0 && (
        <DataTable
          name="Replays"
          columns={columnsOf((replay) => cancel.mutate(replay))}
          rows={replays}
          rowKey={({ id: replay }) => replay}
        />
      )}
      <Modal opened={opened} onClose={close} title="Replay a time window">
        {opened && <ReplayForm id={id} onClose={close} />}
      </Modal>
    </Section>
  );
}

function columnsOf(onCancel: (id: string) => void): readonly Column<Replay>[] {
  return [
    { name: "Began", cell: ({ created_at: at }) => <Time at={at} /> },
    {
      name: "Window",
      cell: ({ from, to, device_id: device, event }) => (
        <span className="foreign">
          <Time at={from} /> to <Time at={to} />
          {event !== null && `, events ${event}…`}
          {device !== null && `, device ${device}`}
        </span>
      ),
    },
    {
      name: "State",
      cell: ({ state, queued, delivered }) => (
        <>
          {state}
          {state === "running" && (
            <Progress value={queued === 0 ? 0 : (delivered / queued) * 100} aria-label="How much is delivered" mt={4} />
          )}
        </>
      ),
    },
    {
      name: "Delivered",
      numeric: true,
      cell: ({ delivered, queued }) => `${delivered.toLocaleString()} of ${queued.toLocaleString()}`,
    },
    { name: "Parked", numeric: true, wideOnly: true, cell: ({ parked }) => parked.toLocaleString() },
    {
      name: "Actions",
      cell: ({ id, state }) =>
        state === "running" && (
          <Button variant="default" size="compact-xs" onClick={() => onCancel(id)}>
            Cancel
          </Button>
        ),
    },
  ];
}

function ReplayForm({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [from, setFrom] = useState(() => localTime(Date.now() - HOUR));
  const [to, setTo] = useState(() => localTime(Date.now()));
  const [event, setEvent] = useState("");
  const [device, setDevice] = useState("");
  const start = useMutation({
    mutationFn: () =>
      request(adminPath(id, "replays"), {
        method: "POST",
        body: {
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
          ...(event.trim() !== "" && { event: event.trim() }),
          ...(device.trim() !== "" && { device: device.trim() }),
        },
      }),
    onSuccess: async () => {
      announce("The replay has begun.");
      onClose();
      await queries.invalidateQueries({ queryKey: ["integrations", id] });
    },
  });
  return (
    <form
      onSubmit={(submitted) => {
        submitted.preventDefault();
        start.mutate();
      }}
    >
      <Stack>
        <TextInput
          type="datetime-local"
          label="From"
          required
          value={from}
          onChange={({ currentTarget }) => setFrom(currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label="To"
          required
          value={to}
          onChange={({ currentTarget }) => setTo(currentTarget.value)}
        />
        <TextInput
          label="Event begins with"
          description="Empty: every event"
          value={event}
          onChange={({ currentTarget }) => setEvent(currentTarget.value)}
        />
        <TextInput
          label="Device id"
          description="Empty: every device"
          value={device}
          onChange={({ currentTarget }) => setDevice(currentTarget.value)}
        />
        <Text size="sm" c="dimmed">
          Only what is still kept can be sent again: delivered events are kept for a day where nothing else is set.
        </Text>
        {start.error !== null && <FailureNote failure={start.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={start.isPending} disabled={from === "" || to === ""}>
            Send them again
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** As a field for date and time has it: without a zone. */
function localTime(time: number): string {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
