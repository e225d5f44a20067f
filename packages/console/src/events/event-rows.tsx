import { Anchor, Box, Table, Text } from "@mantine/core";
import { memo } from "react";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { exactTime } from "../elements/time.tsx";
import type { Product } from "../products/product.ts";
import { shortData } from "./event-data.ts";
import type { ShownEvent } from "./event.ts";

/** By their numbers. */
export type ProductsById = ReadonlyMap<number, Product>;

/** Events, newest first. Columns keep their widths, and a row is drawn once, however many come. */
export function EventTable({
  events,
  products,
}: {
  readonly events: readonly ShownEvent[];
  readonly products: ProductsById;
}) {
  return (
    <Box className="scroll-x" tabIndex={0} role="region" aria-label="Events">
      <Table layout="fixed" miw={560} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={100}>Time</Table.Th>
            <Table.Th w="22%">Name</Table.Th>
            <Table.Th w="18%">Device</Table.Th>
            <Table.Th w="12%" visibleFrom="md">
              Product
            </Table.Th>
            <Table.Th>Data</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {events.map((event) => (
            <EventRow
              key={event.id}
              event={event}
              product={event.product_id === null ? undefined : products.get(event.product_id)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

const EventRow = memo(function EventRow({
  event,
  product,
}: {
  readonly event: ShownEvent;
  readonly product: Product | undefined;
}) {
  const { id, name, data, received_at: receivedAt, kept = true } = event;
  const time = new Date(receivedAt);
  return (
    <Table.Tr>
      <Table.Td>
        <time className="number" dateTime={receivedAt} title={exactTime(time)}>
          {clockTime(time)}
        </time>
      </Table.Td>
      <Table.Td>
        {kept ? (
          <Anchor component={Link} to={`/events/${segment(id)}`} size="sm" truncate display="block" title={name}>
            {name}
          </Anchor>
        ) : (
          <Text size="sm" truncate title={`${name}: told by the bridge about a delivery, and not stored`}>
            {name}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <DeviceLink id={event.device_id} name={event.device_name} />
      </Table.Td>
      <Table.Td visibleFrom="md">
        {product !== undefined && (
          <Anchor component={Link} to={`/products/${segment(product.slug)}`} size="sm" truncate display="block">
            {product.name}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="xs" ff="monospace" truncate title={shortData(data)}>
          {shortData(data)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
});

/** A device by its name, else by its id. */
export function DeviceLink({ id, name }: { readonly id: string | null; readonly name: string | null }) {
  if (id === null) {
    return (
      <Text size="sm" c="dimmed">
        none
      </Text>
    );
  }
  return (
    <Anchor component={Link} to={`/devices/${segment(id)}`} size="sm" truncate display="block" title={id}>
      {name ?? id}
    </Anchor>
  );
}

/** The time of day; of another day with its date. */
function clockTime(time: Date): string {
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday
    ? time.toLocaleTimeString(undefined, { hour12: false })
    : time.toLocaleDateString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
}
