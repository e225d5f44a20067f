import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { hoursInWords } from "./retention.ts";

type Field = "delivered_hours" | "parked_hours" | "pending_hours";
type Retention = Readonly<Record<Field, number>>;

const KEY = ["settings", "retention"];
const PATH = "/admin/v1/settings/retention";

const FIELDS: readonly { readonly field: Field; readonly label: string; readonly about: string }[] = [
  {
    field: "delivered_hours",
    label: "Delivered and expired, hours",
    about: "Then they are forgotten, with their events. What can be replayed is what is still here.",
  },
  { field: "parked_hours", label: "Parked, hours", about: "Then they expire. A day before, the log says so." },
  {
    field: "pending_hours",
    label: "Pending, hours",
    about: "How long a hub may be away before what waits for it expires.",
  },
];

/** How long deliveries and their events are kept. */
export function RetentionSection() {
  const retention = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await request<{ retention: Retention }>(PATH, { signal })).retention,
  });
  return (
    <Section title="How long deliveries are kept">
      <Loaded query={retention} lines={3}>
        {(current) => <RetentionForm key={JSON.stringify(current)} current={current} />}
      </Loaded>
    </Section>
  );
}

function RetentionForm({ current }: { readonly current: Retention }) {
  const queries = useQueryClient();
  const [hours, setHours] = useState<Readonly<Record<Field, string>>>({
    delivered_hours: String(current.delivered_hours),
    parked_hours: String(current.parked_hours),
    pending_hours: String(current.pending_hours),
  });
  const save = useMutation({
    mutationFn: () =>
      request(PATH, {
        method: "PUT",
        body: Object.fromEntries(FIELDS.map(({ field }) => [field, Number(hours[field])])),
      }),
    async onSuccess() {
      announce("Saved. It holds from now on, over restarts too.");
      await queries.invalidateQueries({ queryKey: KEY });
    },
  });
  const told = FIELDS.some(({ field }) => fieldFailure(save.error, field) !== undefined);
  return (
    <Stack
      component="form"
      gap="sm"
      maw={380}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {FIELDS.map(({ field, label, about }) => (
        <TextInput
          key={field}
          type="number"
          label={label}
          description={`${about} Now ${hoursInWords(Number(hours[field])) || "nothing"}.`}
          required
          min={1}
          max={8760}
          step={1}
          value={hours[field]}
          error={fieldFailure(save.error, field)}
          onChange={(event) => {
            const { value } = event.currentTarget;
            setHours((before) => ({ ...before, [field]: value }));
          }}
        />
      ))}
      {save.error !== null && !told && <FailureNote failure={save.error} />}
      <div>
        <Button type="submit" loading={save.isPending}>
          Save retention
        </Button>
      </div>
    </Stack>
  );
}
