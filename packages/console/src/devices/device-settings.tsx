import { Button, Checkbox, Group, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { changedFields, settingsOf, type DeviceFields } from "./device-fields.ts";
import { devicePath, type DeviceRow } from "./device-rows.ts";

/** Name, notes and, in a product, what the fleet knows of a device. Only what was changed is sent. */
export function DeviceSettings({ device }: { readonly device: DeviceRow }) {
  const queries = useQueryClient();
  const [before, setBefore] = useState(() => settingsOf(device));
  const [fields, setFields] = useState(before);
  const changes = changedFields(before, fields);
  const hasChanges = Object.keys(changes).length > 0;
  const inProduct = device.product_slug !== null;
  const save = useMutation({
    mutationFn: () => request(devicePath(device), { method: "PUT", body: changes }),
    async onSuccess() {
      announce("Saved");
      setBefore(fields);
      await queries.invalidateQueries({ queryKey: ["devices"] });
    },
  });

  function set(change: Partial<DeviceFields>): void {
    setFields((now) => ({ ...now, ...change }));
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    save.mutate();
  }

  return (
    <Section title="Settings">
      <form onSubmit={submit} aria-label="Settings of the device">
        <Stack gap="sm" maw={720}>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <TextInput
              label="Name"
              description="Written into its twin in each hub, as deviceName."
              maxLength={128}
              value={fields.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            {inProduct && (
              <TextInput
                label="Groups"
                description="With spaces in between."
                value={fields.groups}
                onChange={(event) => set({ groups: event.currentTarget.value })}
              />
            )}
            {inProduct && (
              <TextInput
                label="Serial number"
                description="As it stands on the device."
                maxLength={64}
                value={fields.serial_number}
                onChange={(event) => set({ serial_number: event.currentTarget.value })}
              />
            )}
            {inProduct && (
              <TextInput
                label="Firmware version"
                description="fw_version of its messages, while it does not tell one itself."
                inputMode="numeric"
                value={fields.firmware_version}
                onChange={(event) => set({ firmware_version: event.currentTarget.value })}
              />
            )}
          </SimpleGrid>
          <Textarea
            label="Notes"
            maxLength={1_000}
            autosize
            minRows={2}
            maxRows={8}
            value={fields.notes}
            onChange={(event) => set({ notes: event.currentTarget.value })}
          />
          {inProduct && (
            <Checkbox
              label="Development device"
              checked={fields.development}
              onChange={(event) => set({ development: event.currentTarget.checked })}
            />
          )}
          {save.error !== null && <FailureNote failure={save.error} />}
          <Group gap="xs">
            <Button type="submit" loading={save.isPending} disabled={!hasChanges}>
              Save changes
            </Button>
            {hasChanges && (
              <Button variant="default" onClick={() => setFields(before)}>
                Discard changes
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
