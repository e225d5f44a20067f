import { Anchor, Text } from "@mantine/core";
import { Link } from "wouter";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Section } from "../elements/page.tsx";
import { pageOf, useIntegrationState, type IntegrationDetail, type IntegrationState } from "./integration.ts";

type Waiting = IntegrationState["devices_waiting"][number];

/** Devices that wait for reasons of their own, while others go on. */
export function DevicesWaiting({ integration: { id } }: { readonly integration: IntegrationDetail }) {
  const { data } = useIntegrationState(id);
  const waiting = data?.devices_waiting ?? [];
  if (waiting.length === 0) return null;
  const columns: readonly Column<Waiting>[] = [
    { name: "Devices", numeric: true, cell: ({ devices }) => devices.toLocaleString() },
    { name: "Why", cell: ({ message }) => <span className="foreign">{message}</span> },
    { name: "Next step", cell: ({ next_step: next }) => <span className="foreign">{next}</span> },
    {
      name: "For instance",
      cell: ({ device_id: device }) => (
        <Anchor
          component={Link}
          to={pageOf(id, "deliveries", { device, state: "pending" })}
          inherit
          className="foreign"
        >
          {device}
        </Anchor>
      ),
    },
  ];
  return (
    <Section title="Devices that wait">
      <Text size="sm" c="dimmed">
        Each waits for a reason of its own; all others go on.
      </Text>
      <DataTable
        name="Who waits for what"
        columns={columns}
        rows={waiting}
        rowKey={({ code, device_id: one }) => `${code} ${one}`}
      />
    </Section>
  );
}
