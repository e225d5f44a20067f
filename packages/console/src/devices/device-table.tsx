import { Anchor, Box, Checkbox, Text } from "@mantine/core";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Time } from "../elements/time.tsx";
import type { DeviceRow } from "./device-rows.ts";
import { ApprovalBadge, OnlineBadge, SyncBadge } from "./device-words.tsx";

type Selected = ReadonlyMap<string, DeviceRow>;

/** A page of devices, each of which can be selected. */
export function DeviceTable({
  devices,
  selected,
  onSelect,
}: {
  readonly devices: readonly DeviceRow[];
  readonly selected: Selected;
  readonly onSelect: (selected: Selected) => void;
}) {
  const chosen = devices.filter(({ id }) => selected.has(id)).length;
  const all = (
    <Checkbox
      aria-label="Select all on this page"
      checked={chosen > 0 && chosen === devices.length}
      indeterminate={chosen > 0 && chosen < devices.length}
      onChange={({ currentTarget: { checked } }) =>
        onSelect(new Map(checked ? devices.map((device) => [device.id, device]) : []))
      }
    />
  );
  const select: Column<DeviceRow> = {
    name: "Selected",
    header: all,
    cell: (device) => (
      <Checkbox
        aria-label={`Select ${device.name ?? device.id}`}
        checked={selected.has(device.id)}
        onChange={({ currentTarget: { checked } }) => onSelect(withOrWithout(selected, device, checked))}
      />
    ),
  };
  return <DataTable name="Devices" columns={[select, ...COLUMNS]} rows={devices} rowKey={({ id }) => id} />;
}

function withOrWithout(selected: Selected, device: DeviceRow, isIn: boolean): Selected {
  const changed = new Map(selected);
  if (isIn) changed.set(device.id, device);
  else changed.delete(device.id);
  return changed;
}

const COLUMNS: readonly Column<DeviceRow>[] = [
  { name: "Device", cell: (device) => <DeviceName device={device} /> },
  { name: "Product", wideOnly: true, cell: (device) => <Place device={device} /> },
  { name: "Approval", cell: (device) => <ApprovalBadge device={device} /> },
  { name: "Last heard", cell: ({ last_heard }) => <Time at={last_heard} /> },
  { name: "Connection", wideOnly: true, cell: ({ online }) => <OnlineBadge online={online} /> },
  { name: "Firmware", numeric: true, wideOnly: true, cell: ({ firmware_version }) => firmware_version ?? "–" },
  {
    name: "Serial number",
    wideOnly: true,
    cell: ({ serial_number }) => <span className="foreign">{serial_number}</span>,
  },
  {
    name: "In the hub",
    wideOnly: true,
    cell: ({ state }) => (state === null ? "–" : <SyncBadge sync={state.sync} status={state.status} />),
  },
];

/** Its name, and its id below; the id alone when it has no name. */
export function DeviceName({ device }: { readonly device: Pick<DeviceRow, "id" | "name"> }) {
  const { id, name } = device;
  return (
    <Box miw={150}>
      <Anchor component={Link} to={`/devices/${segment(id)}`} className="foreign" inherit>
        {name ?? id}
      </Anchor>
      {name !== null && (
        <Text size="xs" c="dimmed" ff="monospace" className="foreign">
          {id}
        </Text>
      )}
    </Box>
  );
}

function Place({ device }: { readonly device: DeviceRow }) {
  if (device.product_slug === null) return <>Sandbox</>;
  return (
    <Anchor component={Link} to={`/products/${segment(device.product_slug)}`} className="foreign" inherit>
      {device.product_name}
    </Anchor>
  );
}
