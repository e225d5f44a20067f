import { Button, Group, NativeSelect, Progress, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Time } from "../elements/time.tsx";
import { useChangeLimits, type Limits } from "./local-hub.ts";
import { NumberField } from "../elements/number-field.tsx";

const NO_LIMITS = "none";
const TIERS: readonly { readonly value: string; readonly label: string }[] = [
  { value: NO_LIMITS, label: "No limits" },
  { value: "F1", label: "F1 (free): 8,000 messages of 0.5 KB a day" },
  { value: "B1", label: "B1 (basic): 400,000 a day for each unit, no twins" },
  { value: "B2", label: "B2 (basic): 6 million a day for each unit, no twins" },
  { value: "B3", label: "B3 (basic): 300 million a day for each unit, no twins" },
  { value: "S1", label: "S1: 400,000 messages of 4 KB a day for each unit" },
  { value: "S2", label: "S2: 6 million a day for each unit" },
  { value: "S3", label: "S3: 300 million a day for each unit" },
];

/** Which edition the hub behaves as. */
export function TierForm({ limits }: { readonly limits: Limits }) {
  const [tier, setTier] = useState(limits.tier ?? NO_LIMITS);
  const [units, setUnits] = useState<number | string>(limits.units);
  const change = useChangeLimits();
  const isNew = tier !== (limits.tier ?? NO_LIMITS) || units !== limits.units;

  function save(): void {
    change.mutate(
      { tier: tier === NO_LIMITS ? null : tier, units: tier === NO_LIMITS ? 1 : Number(units) },
      { onSuccess: () => announce("The Local Hub has changed its tier") },
    );
  }

  return (
    <Stack gap="xs">
      <Group gap="xs" align="flex-end">
        <NativeSelect
          label="The hub behaves as"
          data={[...TIERS]}
          value={tier}
          onChange={(event) => setTier(event.currentTarget.value)}
          w={340}
          maw="100%"
        />
        <NumberField
          label="Units"
          min={1}
          max={200}
          value={units}
          onChange={setUnits}
          w={100}
          disabled={tier === NO_LIMITS}
        />
        <Button size="sm" loading={change.isPending} disabled={!isNew} onClick={save}>
          Change tier
        </Button>
      </Group>
      {change.error !== null && <FailureNote failure={change.error} />}
      <Quota limits={limits} />
    </Stack>
  );
}

function Quota({ limits: { quota } }: { readonly limits: Limits }) {
  if (quota === null) {
    return (
      <Text size="sm" c="dimmed">
        Any number of messages, as fast as they come.
      </Text>
    );
  }
  const { used, limit, resets_at } = quota;
  return (
    <div>
      <Text size="sm">
        {used.toLocaleString()} of {limit.toLocaleString()} messages of today are used; a new day begins{" "}
        <Time at={resets_at} />.
      </Text>
      <Progress value={(used / limit) * 100} aria-label="Messages of today" color={used >= limit ? "red" : "teal"} />
    </div>
  );
}
