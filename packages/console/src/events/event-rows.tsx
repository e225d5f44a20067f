import { Anchor, Box, Table, Text } from "@mantine/core";
import { memo } from "react";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { exactTime } from "../elements/time-words.ts";
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
            <Table.Th w={88}>Time</Table.Th>
            <Table.Th w="26%">Name</Table.Th>
            <Table.Th w="20%">Device</Table.Th>
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
  const { device_id: deviceId, device_name: deviceName } = event;
  const time = new Date(receivedAt);
  // Plain elements: hundreds of these come and go in a second.
  return (
    <tr className="event-row">
      <td>
        <time className="number" dateTime={receivedAt} title={exactTime(time)}>
          {clockTime(time)}
        </time>
      </td>
      <td>
        {kept ? (
          <Link to={`/events/${segment(id)}`} title={name}>
            {name}
          </Link>
        ) : (
          <span title={`${name}: told by the bridge about a delivery, and not stored`}>{name}</span>
        )}
      </td>
      <td>
        {deviceId === null ? (
          "none"
        ) : (
          <Link to={`/devices/${segment(deviceId)}`} title={deviceId}>
            {deviceName ?? deviceId}
          </Link>
        )}
      </td>
      <td className="mantine-visible-from-md">
        {product !== undefined && <Link to={`/products/${segment(product.slug)}`}>{product.name}</Link>}
      </td>
      <td className="event-data" title={shortData(data)}>
        {shortData(data)}
      </td>
    </tr>
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

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** The time of day; of another day with its date. */
function clockTime(time: Date): string {
  return time.toDateString() === new Date().toDateString() ? CLOCK.format(time) : DAY.format(time);
}
