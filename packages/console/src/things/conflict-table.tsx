import { Code, Text } from "@mantine/core";
import { DeviceName } from "../devices/device-table.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Time } from "../elements/time.tsx";
import { useConflicts, type ConflictRow } from "./thing-rows.ts";

/** What both sides wrote before either had seen the other's, which one was kept, and by which rule. */
export function ConflictTable({ product }: { readonly product: string }) {
  const query = useConflicts(product);
  return (
    <>
      <Text size="sm" c="dimmed">
        The last 20 of each device are kept. Who wins is a setting of the product: the newest, always the hub, or always
        what was written here.
      </Text>
      <Loaded query={query} lines={6}>
        {(conflicts) =>
          conflicts.length === 0 ? (
            <Empty title="No conflicts">
              There is one when a value is written here and in the hub before either has seen the other’s.
            </Empty>
          ) : (
            <DataTable name="Conflicts" rows={conflicts} rowKey={conflictKey} columns={[DEVICE, ...CONFLICT_COLUMNS]} />
          )
        }
      </Loaded>
    </>
  );
}

const SOURCES: Readonly<Record<ConflictRow["their_source"], string>> = {
  device: "the device, over MQTT",
  desired: "another service, in the hub",
  reported: "the device, in the hub",
  telemetry: "the device, in a message",
};

const RULES: Readonly<Record<ConflictRow["rule"], string>> = {
  newest: "the newest",
  hub: "always the hub",
  ours: "always what was written here",
};

/** Both a service and the device may have written the same value meanwhile: these are found at once. */
export function conflictKey({ device_id: id, at, path, their_source: source }: ConflictRow): string {
  return `${id} ${at} ${path} ${source}`;
}

const DEVICE: Column<ConflictRow> = {
  name: "Device",
  cell: ({ device_id: id, device_name: name = null }) => <DeviceName device={{ id, name }} />,
};

/** Without the device: for those of one. */
export const CONFLICT_COLUMNS: readonly Column<ConflictRow>[] = [
  { name: "When", cell: ({ at }) => <Time at={at} /> },
  { name: "Value", cell: ({ path }) => <Code className="foreign">{path}</Code> },
  { name: "Written here", cell: ({ ours, kept }) => <Written value={ours} isKept={kept === "ours"} /> },
  { name: "Written there", cell: ({ theirs, kept }) => <Written value={theirs} isKept={kept === "theirs"} /> },
  { name: "By", wideOnly: true, cell: ({ their_source }) => SOURCES[their_source] },
  { name: "Rule", wideOnly: true, cell: ({ rule }) => RULES[rule] },
];

function Written({ value, isKept }: { readonly value: unknown; readonly isKept: boolean }) {
  return (
    <Text size="sm" component="div" fw={isKept ? 600 : 400} className="foreign">
      {value === null ? "removed" : JSON.stringify(value)}
      {isKept ? " (kept)" : ""}
    </Text>
  );
}
