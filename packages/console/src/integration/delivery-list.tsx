import { Anchor, Box, Checkbox, Table } from "@mantine/core";
import { Link } from "wouter";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { TONES, type Delivery } from "./deliveries.ts";

/** Deliveries, newest first. Those that can be acted on can be chosen. */
export function DeliveryList({
  rows,
  opened,
  chosen,
  onChosen,
  hrefOf,
}: {
  readonly rows: readonly Delivery[];
  /** Id of the one that is shown beside the list. */
  readonly opened: string | null;
  readonly chosen: ReadonlySet<number>;
  readonly onChosen: (chosen: ReadonlySet<number>) => void;
  readonly hrefOf: (row: Delivery) => string;
}) {
  const choosable = rows.filter(isOpen);
  const allChosen = choosable.length > 0 && choosable.every(({ id }) => chosen.has(id));

  function choose(ids: readonly number[], isChosen: boolean): void {
    const next = new Set(chosen);
    for (const id of ids) {
      if (isChosen) next.add(id);
      else next.delete(id);
    }
    onChosen(next);
  }

  return (
    <Box className="scroll-x" tabIndex={0} role="region" aria-label="Deliveries">
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={36}>
              <Checkbox
                size="xs"
                aria-label="Choose all that are parked or pending"
                checked={allChosen}
                disabled={choosable.length === 0}
                onChange={({ currentTarget }) =>
                  choose(
                    choosable.map(({ id }) => id),
                    currentTarget.checked,
                  )
                }
              />
            </Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Event</Table.Th>
            {opened === null && <Table.Th visibleFrom="sm">Device</Table.Th>}
            <Table.Th ta="right" visibleFrom="sm">
              Tries
            </Table.Th>
            <Table.Th>Taken</Table.Th>
            {opened === null && <Table.Th visibleFrom="md">Why</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id} {...(String(row.id) === opened && { bg: "var(--mantine-primary-color-light)" })}>
              <Table.Td>
                <Checkbox
                  size="xs"
                  aria-label={`Choose delivery ${row.id}`}
                  checked={chosen.has(row.id)}
                  disabled={!isOpen(row)}
                  onChange={({ currentTarget }) => choose([row.id], currentTarget.checked)}
                />
              </Table.Td>
              <Table.Td>
                <StateBadge tone={TONES[row.state]}>{stateOf(row)}</StateBadge>
              </Table.Td>
              <Table.Td>
                <Anchor
                  component={Link}
                  to={hrefOf(row)}
                  inherit
                  {...(String(row.id) === opened && { c: "inherit", "aria-current": true })}
                  id={linkIdOf(row.id)}
                  className="foreign"
                  aria-label={`Delivery ${row.id}: ${row.event}`}
                >
                  {row.event}
                </Anchor>
              </Table.Td>
              {opened === null && (
                <Table.Td visibleFrom="sm" className="foreign">
                  {row.device_id}
                </Table.Td>
              )}
              <Table.Td ta="right" className="number" visibleFrom="sm">
                {row.attempts}
              </Table.Td>
              <Table.Td>
                <Time at={row.accepted_at} />
              </Table.Td>
              {opened === null && (
                <Table.Td visibleFrom="md" className="foreign">
                  {row.error ?? row.note ?? row.reason ?? ""}
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

/** The link that opens a delivery: where the focus is again when it is closed. */
export function linkIdOf(delivery: number | string): string {
  return `delivery-${delivery}`;
}

/** Whether it can still be retried or discarded. */
function isOpen({ state }: Delivery): boolean {
  return state === "parked" || state === "pending";
}

function stateOf({ state, attempts, replay_id: replay }: Delivery): string {
  const word = state === "pending" && attempts > 0 ? "retrying" : state;
  return replay === null ? word : `${word}, replay`;
}
