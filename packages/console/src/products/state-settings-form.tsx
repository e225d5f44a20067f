import {
  Button,
  Fieldset,
  Group,
  NativeSelect,
  PasswordInput,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { changedStateFields, stateFormOf, statePath, type StateForm, type StateSettings } from "./state-settings.ts";

const TELEMETRY = [
  { value: "merge", label: "merge it into the state" },
  { value: "replace", label: "replace the state by it" },
  { value: "ignore", label: "leave the state alone" },
];
const CONFLICTS = [
  { value: "newest", label: "the newest" },
  { value: "hub", label: "always the hub" },
  { value: "ours", label: "always Isthmus" },
];
const FIELDS = [
  "hub_name",
  "policy_name",
  "policy_key",
  "consumer_group",
  "event_endpoint",
  "event_hub_name",
  "sweep_seconds",
];

export function StateSettingsForm({
  product,
  settings,
}: {
  readonly product: string;
  readonly settings: StateSettings;
}) {
  const [form, setForm] = useState<StateForm>(() => stateFormOf(settings));
  const queries = useQueryClient();
  const key = ["products", product, "state-settings"];
  const body = changedStateFields(form, settings);
  const isChanged = Object.keys(body).length > 0;
  const save = useMutation({
    mutationFn: () => request(statePath(product), { method: "PUT", body }),
    async onSuccess() {
      announce("State settings saved.");
      // The settings may look as before: a key is not shown.
      setForm((now) => ({ ...now, policyKey: "" }));
      await queries.invalidateQueries({ queryKey: key });
    },
  });

  async function reset(): Promise<void> {
    await request(statePath(product), { method: "DELETE" });
    announce("State settings are the defaults again.");
    await queries.invalidateQueries({ queryKey: key });
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    save.mutate();
  }

  const set = (change: Partial<StateForm>): void => setForm({ ...form, ...change });
  const text = (name: keyof StateForm, field: string) => ({
    value: String(form[name]),
    error: fieldFailure(save.error, field),
    spellCheck: false,
    autoComplete: "off",
    onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value.trim() }),
  });

  return (
    <Stack gap="md" component="form" aria-label="State settings" maw={860} onSubmit={submit}>
      <Text size="sm" c="dimmed">
        {settings.is_default
          ? "These are the defaults. States are kept in step with the twins of a hub, both ways."
          : "States are kept in step with the twins of a hub, both ways."}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <NativeSelect
          label="A Thing's message whose body is a JSON object"
          description="What it does to the Thing's state."
          data={TELEMETRY}
          value={form.telemetry}
          onChange={(event) => set({ telemetry: event.currentTarget.value })}
        />
        <NativeSelect
          label="When both sides wrote the same value"
          description="Whose stays."
          data={CONFLICTS}
          value={form.conflicts}
          onChange={(event) => set({ conflicts: event.currentTarget.value })}
        />
      </SimpleGrid>
      <Switch
        label="Send changes to the device as a message too"
        description="A cloud-to-device message with the whole state, for devices that do not read their twins. The hub keeps 50 that a device has not read."
        checked={form.cloudToDevice}
        onChange={(event) => set({ cloudToDevice: event.currentTarget.checked })}
      />
      <Fieldset legend="Hub">
        <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
          <TextInput
            label="IoT Hub name"
            description="Empty: the server's own. Or a name, a host name, or local."
            {...text("hubName", "hub_name")}
          />
          <TextInput
            label="Shared policy name"
            description="With registry read, registry write and service connect."
            {...text("policyName", "policy_name")}
          />
          <PasswordInput
            label="Shared policy key"
            description={
              settings.hub_name === null ? "Kept encrypted, never shown again." : "Empty keeps the stored one."
            }
            {...text("policyKey", "policy_key")}
            // No browser keeps it, and none offers the password of the sign-in.
            autoComplete="new-password"
          />
        </SimpleGrid>
      </Fieldset>
      <Fieldset legend="How the hub is read">
        <Text size="sm" c="dimmed" mb="xs">
          Of hubs that are shared, such as the server's own, these are the operator's to set.
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <TextInput
            label="Consumer group"
            description="Your hub > Built-in endpoints. One of its own where others read too."
            {...text("consumerGroup", "consumer_group")}
          />
          <TextInput
            label="Seconds between comparisons of all twins"
            description="10 to 86,400. Empty: as often as suits the hub."
            inputMode="numeric"
            {...text("sweepSeconds", "sweep_seconds")}
          />
          <TextInput
            label="Event Hub-compatible endpoint"
            description="Empty: found through the hub. A whole connection string works too."
            {...text("eventEndpoint", "event_endpoint")}
          />
          <TextInput
            label="Event Hub-compatible name"
            description="Beside the endpoint on the same page."
            {...text("eventHubName", "event_hub_name")}
          />
        </SimpleGrid>
      </Fieldset>
      {save.error !== null && fieldFailure(save.error, ...FIELDS) === undefined && <FailureNote failure={save.error} />}
      <Group gap="xs">
        <Button type="submit" loading={save.isPending} disabled={!isChanged}>
          Save state settings
        </Button>
        {!settings.is_default && (
          <ConfirmButton
            title="Go back to the defaults?"
            message="The hub, its key and the rules that were set here are forgotten. Things stay in the hub where they were made."
            confirmLabel="Go back to the defaults"
            onConfirm={reset}
          >
            Go back to the defaults
          </ConfirmButton>
        )}
      </Group>
    </Stack>
  );
}
