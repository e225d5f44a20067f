import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { CodeInput } from "../elements/code-input.tsx";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import type { DeliveryDetail } from "./deliveries.ts";
import { adminPath } from "./integration.ts";
import { prettyJson } from "./pretty-json.ts";

/** A changed copy of the event, sent as a new one; the parked delivery it was made of ends. */
export function EditAndRetry({ id, delivery }: { readonly id: string; readonly delivery: DeliveryDetail }) {
  const [opened, { open, close }] = useDisclosure(false);
  const label = delivery.state === "parked" ? "Edit and retry…" : "Send a changed copy…";
  return (
    <>
      <Button variant="default" onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} size="lg" title={label.replace("…", "")}>
        {opened && <CopyForm id={id} delivery={delivery} onClose={close} />}
      </Modal>
    </>
  );
}

function CopyForm({
  id,
  delivery,
  onClose,
}: {
  readonly id: string;
  readonly delivery: DeliveryDetail;
  readonly onClose: () => void;
}) {
  const given = delivery.data ?? "";
  const [name, setName] = useState(delivery.event);
  const [data, setData] = useState(prettyJson(given));
  const [, setSearch] = useSearchParams();
  const queries = useQueryClient();
  const copy = useMutation({
    mutationFn: () =>
      request<{ delivery: { id: number } }>(adminPath(id, "deliveries", delivery.id, "copy"), {
        method: "POST",
        // Data that nobody has touched go as they came, not as they are shown.
        body: { name, data: data === prettyJson(given) ? delivery.data : data },
      }),
    onSuccess: async ({ delivery: made }) => {
      announce(`Sent as delivery ${made.id}.`);
      onClose();
      setSearch((search) => {
        search.set("delivery", String(made.id));
        return search;
      });
      await queries.invalidateQueries({ queryKey: ["integrations", id] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        copy.mutate();
      }}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          It is sent as a new event with a new message id, as the same device.
          {delivery.state === "parked" && " The parked one ends as expired."}
        </Text>
        <TextInput label="Event name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <CodeInput
          label="Data"
          minRows={4}
          maxRows={18}
          value={data}
          data-autofocus
          onChange={(event) => setData(event.currentTarget.value)}
        />
        {copy.error !== null && <FailureNote failure={copy.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={copy.isPending}>
            Send the copy
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
