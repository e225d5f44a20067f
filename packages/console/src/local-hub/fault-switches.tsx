import { Button, Group, Paper, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { FAULT_PRESETS, type FaultPreset } from "./fault-presets.ts";
import { faultInWords, oftenInWords, struckInWords } from "./fault-words.ts";
import { useAddFault, useRemoveFault, type Fault } from "./local-hub.ts";
import { OwnFault } from "./own-fault.tsx";

/** What is switched on, and what can be. */
export function FaultSwitches({ faults }: { readonly faults: readonly Fault[] }) {
  return (
    <Stack gap="sm">
      <SwitchedOn faults={faults} />
      <Presets />
      <OwnFault />
    </Stack>
  );
}

function SwitchedOn({ faults }: { readonly faults: readonly Fault[] }) {
  const remove = useRemoveFault();
  if (faults.length === 0) return <StateBadge tone="good">No fault is on</StateBadge>;
  const off = (id: string | null): void =>
    remove.mutate(id, {
      onSuccess: () => announce(id === null ? "All faults are switched off" : "The fault is switched off"),
    });
  return (
    <Stack gap="xs" component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Faults that are on">
      {faults.map((fault) => (
        <Paper key={fault.id} component="li" withBorder p="sm">
          <Group justify="space-between" gap="xs">
            <div style={{ minWidth: 0, flex: "1 1 18rem" }}>
              <StateBadge tone={fault.active ? "bad" : "quiet"}>{fault.active ? "On" : "Over"}</StateBadge>
              <Text size="sm" className="foreign">
                {faultInWords(fault)}
              </Text>
              <Text size="xs" c="dimmed">
                {oftenInWords(fault)}; {struckInWords(fault)}
              </Text>
            </div>
            <Button variant="default" disabled={remove.isPending} onClick={() => off(fault.id)}>
              Switch off
            </Button>
          </Group>
        </Paper>
      ))}
      {faults.length > 1 && (
        <li>
          <Button variant="default" disabled={remove.isPending} onClick={() => off(null)}>
            Switch all off
          </Button>
        </li>
      )}
      {remove.error !== null && <FailureNote failure={remove.error} />}
    </Stack>
  );
}

function Presets() {
  const [deviceId, setDeviceId] = useState("");
  const add = useAddFault();

  async function switchOn({ name, rules }: FaultPreset): Promise<void> {
    const device = deviceId.trim() === "" ? {} : { deviceId: deviceId.trim() };
    try {
      for (const rule of rules) await add.mutateAsync({ ...rule, where: { ...rule.where, ...device } });
      announce(`${name}: switched on`);
    } catch {
      // Shown above the presets.
    }
  }

  return (
    <Stack gap="xs">
      <TextInput
        label="Device"
        description="Its id in the hub, to trouble only one; empty: all of them."
        value={deviceId}
        maw={340}
        onChange={(event) => setDeviceId(event.currentTarget.value)}
      />
      {add.error !== null && <FailureNote failure={add.error} />}
      <SimpleGrid
        cols={{ base: 1, sm: 2, lg: 3 }}
        spacing="xs"
        component="ul"
        m={0}
        p={0}
        style={{ listStyle: "none" }}
        aria-label="Faults to switch on"
      >
        {FAULT_PRESETS.map((preset) => (
          <Paper key={preset.name} component="li" withBorder p="sm">
            <Stack gap={4} h="100%" justify="space-between">
              <div>
                <Title order={3}>{preset.name}</Title>
                <Text size="sm">{preset.about}</Text>
                <Text size="xs" c="dimmed">
                  {preset.seen}
                </Text>
              </div>
              <Button
                variant="default"
                style={{ alignSelf: "flex-start" }}
                aria-label={`Switch on: ${preset.name}`}
                disabled={add.isPending}
                onClick={() => void switchOn(preset)}
              >
                Switch on
              </Button>
            </Stack>
          </Paper>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
