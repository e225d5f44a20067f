import { Text } from "@mantine/core";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { useStateHubs, type StateHub } from "./connection.ts";

/** The connection of the server's own settings. */
const OF_THE_SETTINGS = "para";

const COLUMNS: readonly Column<StateHub>[] = [
  {
    name: "Hub",
    cell: ({ host_name: host, connection }) => (
      <>
        <span className="foreign">{host === "local" ? "Local Hub" : host}</span>
        {connection === OF_THE_SETTINGS && (
          <Text size="xs" c="dimmed">
            by para.azure.*
          </Text>
        )}
      </>
    ),
  },
  { name: "Devices", numeric: true, cell: ({ devices }) => devices?.toLocaleString() ?? "–" },
  {
    name: "Waiting to be written",
    numeric: true,
    wideOnly: true,
    cell: ({ pending }) => pending?.toLocaleString() ?? "–",
  },
  {
    name: "Missing in the hub",
    numeric: true,
    wideOnly: true,
    cell: ({ missing }) => missing?.toLocaleString() ?? "–",
  },
  { name: "State", cell: (hub) => <Trouble hub={hub} /> },
  {
    name: "Last message read",
    wideOnly: true,
    cell: ({ reading }) => <LastMessage reading={reading} />,
  },
  { name: "Last compared", wideOnly: true, cell: ({ sweep }) => <Time at={sweep.last_at} never="not yet" /> },
];

/** Hubs that mirror states of devices: whether writing, reading and comparing go on. */
export function StateHubs() {
  const query = useStateHubs();
  return (
    <Loaded query={query} lines={2}>
      {(hubs) =>
        hubs.length === 0 ? (
          <Text size="sm" c="dimmed">
            No hub mirrors states here. A product&apos;s state settings name one.
          </Text>
        ) : (
          <DataTable
            name="List of hubs that mirror states"
            columns={COLUMNS}
            rows={hubs}
            rowKey={({ connection }) => connection}
          />
        )
      }
    </Loaded>
  );
}

function LastMessage({ reading: { last_event_at: at, behind, expired } }: { readonly reading: StateHub["reading"] }) {
  return (
    <>
      <Time at={at} never="none yet" />
      {(behind ?? 0) > 0 && (
        <Text size="xs" c="dimmed">
          {behind?.toLocaleString()} wait in the hub
        </Text>
      )}
      {(expired ?? 0) > 0 && (
        <Text size="xs" c="dimmed">
          {expired?.toLocaleString()} were too old for the hub before they were read
        </Text>
      )}
    </>
  );
}

function Trouble({ hub: { writing, reading, sweep, devices } }: { readonly hub: StateHub }) {
  const failure = writing.error ?? reading.error ?? sweep.error;
  if (failure === null && devices === 0) return <StateBadge tone="quiet">No Thing yet</StateBadge>;
  if (failure === null)
    return (
      <StateBadge tone={reading.is_reading ? "good" : "wait"}>{reading.is_reading ? "In step" : "Not read"}</StateBadge>
    );
  return (
    <>
      <StateBadge tone="bad">In trouble</StateBadge>
      <Text size="xs" c="dimmed" className="foreign">
        {failure.message} {failure.next_step}
      </Text>
    </>
  );
}
