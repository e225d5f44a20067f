import { Anchor, Box, Text } from "@mantine/core";
import { Link } from "wouter";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { shortNumber } from "../elements/history-series.ts";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import type { Target } from "./overview.ts";

const STATES: Readonly<Record<Target["state"], readonly [tone: Tone, word: string]>> = {
  open: ["good", "Takes messages"],
  idle: ["good", "Ready"],
  slowed: ["wait", "Limits the rate"],
  paused: ["bad", "Takes nothing"],
};

const COLUMNS: readonly Column<Target>[] = [
  {
    name: "Hub or address",
    cell: ({ host_name, link, policy_name, kind }) => (
      <Box miw={130}>
        <Anchor component={Link} to={link} inherit className="foreign">
          {host_name === "local" ? "Local Hub" : host_name}
        </Anchor>
        <Text size="xs" c="dimmed" className="foreign">
          {kind === "webhook" ? "webhook" : policy_name}
        </Text>
      </Box>
    ),
  },
  {
    name: "State",
    cell: ({ state, failure }) => (
      <>
        <StateBadge tone={STATES[state][0]}>{STATES[state][1]}</StateBadge>
        {failure !== null && (
          <Text size="xs" c="dimmed" className="foreign">
            {failure.message}
          </Text>
        )}
      </>
    ),
  },
  { name: "Messages a second", numeric: true, cell: ({ rate }) => shortNumber(rate.per_second) },
  {
    name: "Devices that wait",
    numeric: true,
    wideOnly: true,
    cell: ({ devices_waiting }) => shortNumber(devices_waiting),
  },
  { name: "Integrations", numeric: true, wideOnly: true, cell: ({ integrations }) => integrations },
];

export function TargetList({ targets, total }: { readonly targets: readonly Target[]; readonly total: number }) {
  return (
    <>
      <DataTable name="Hubs and web addresses" columns={COLUMNS} rows={targets} rowKey={({ id }) => id} />
      {total > targets.length && (
        <Text size="sm" c="dimmed">
          {targets.length} of {total} are shown.{" "}
          <Anchor component={Link} to="/hubs" inherit>
            See all
          </Anchor>
        </Text>
      )}
    </>
  );
}
