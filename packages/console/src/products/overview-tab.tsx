import { Anchor, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { request, segment, withQuery } from "../client/request.ts";
import { Count, Tile } from "../elements/count.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import { DeviceCount } from "./device-count.tsx";
import type { Product } from "./product.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly event: string;
  readonly target: string;
  readonly state: string;
  readonly today: { readonly success: number; readonly error: number };
  readonly waiting: number;
  readonly parked: number;
}

/** As many as are shown here; the list of integrations has the others. */
const SHOWN = 20;
const TONES: Readonly<Record<string, Tone>> = { open: "good", idle: "good", disabled: "quiet" };

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "Integration",
    cell: ({ id, name }) => (
      <Anchor component={Link} to={`/integrations/${segment(id)}`} size="sm" className="foreign">
        {name}
      </Anchor>
    ),
  },
  { name: "Event", cell: ({ event }) => <span className="foreign">{event}</span>, wideOnly: true },
  { name: "Target", cell: ({ target }) => <span className="foreign">{target}</span>, wideOnly: true },
  {
    name: "State",
    cell: ({ state }) => <StateBadge tone={TONES[state] ?? "bad"}>{state.replaceAll("_", " ")}</StateBadge>,
  },
  {
    name: "Delivered today",
    numeric: true,
    cell: ({ id, today }) => <Count value={today.success} to={deliveries(id, "delivered")} label="delivered today" />,
  },
  {
    name: "Parked",
    numeric: true,
    cell: ({ id, parked }) => <Count value={parked} to={deliveries(id, "parked")} label="parked" />,
  },
];

/** What the fleet is and where its events go. */
export function OverviewTab({ product }: { readonly product: Product }) {
  const { slug, description, settings } = product;
  const integrations = useQuery({
    queryKey: ["integrations", "of-product", slug],
    queryFn: ({ signal }) =>
      request<{ integrations: readonly Row[]; total: number }>("/admin/v1/integrations", {
        query: { scope: slug, limit: SHOWN },
        signal,
      }),
    refetchInterval: 5_000,
  });
  return (
    <>
      {description !== "" && (
        <Text size="sm" className="foreign" maw={720}>
          {description}
        </Text>
      )}
      <Group gap="xs" align="stretch">
        <Tile name="Devices">
          <DeviceCount product={slug} />
        </Tile>
        <Tile
          name="Waiting for approval"
          note={
            settings.quarantine ? "Devices that appear by themselves wait here" : "New devices are approved at once"
          }
        >
          <DeviceCount product={slug} approval="quarantined" />
        </Tile>
        <Tile name="Denied">
          <DeviceCount product={slug} approval="denied" />
        </Tile>
        <Tile name="Things">
          <ThingCount product={slug} />
        </Tile>
      </Group>
      <Section
        title="Integrations"
        actions={
          <Button component={Link} to={withQuery("/integrations/new", { product: slug })} variant="default">
            Make an integration
          </Button>
        }
      >
        <Loaded query={integrations} lines={3}>
          {({ integrations: rows, total }) =>
            rows.length === 0 ? (
              <Empty title="The events of this product go nowhere yet">
                Make an integration: it takes the events whose names begin as you say, and brings them to an Azure IoT
                Hub or a webhook.
              </Empty>
            ) : (
              <>
                <DataTable name="Integrations of the product" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />
                {total > rows.length && (
                  <Anchor component={Link} to={withQuery("/integrations", { scope: slug })} size="sm">
                    {`All ${total.toLocaleString()} integrations`}
                  </Anchor>
                )}
              </>
            )
          }
        </Loaded>
      </Section>
    </>
  );
}

function ThingCount({ product }: { readonly product: string }) {
  const { data } = useQuery({
    queryKey: ["devices", "count", { product, kind: "thing" }],
    queryFn: ({ signal }) =>
      request<{ total: number | null }>("/admin/v1/devices", { query: { product, kind: "thing", limit: 1 }, signal }),
  });
  if (data === undefined || data.total === null) return "…";
  return <Count value={data.total} to={withQuery("/things", { product })} label="Things" />;
}

function deliveries(id: string, state: string): string {
  return withQuery(`/integrations/${segment(id)}/deliveries`, { state });
}
