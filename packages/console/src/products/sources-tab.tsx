import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { request, segment } from "../client/request.ts";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import type { Product } from "./product.ts";

interface Source {
  readonly id: string;
  readonly kind: "inbound-webhook" | "particle-cloud";
  readonly name: string;
  readonly disabled: boolean;
  readonly status: {
    readonly state: string;
    readonly reason: string | null;
    readonly next_step: string | null;
    readonly last_event_at: string | null;
    readonly today: { readonly accepted: number; readonly refused: number };
  };
}

const KINDS: Readonly<Record<Source["kind"], string>> = {
  "inbound-webhook": "Webhook from Particle's cloud",
  "particle-cloud": "Event stream of Particle's cloud",
};

const COLUMNS: readonly Column<Source>[] = [
  { name: "Name", cell: ({ name }) => <span className="foreign">{name}</span> },
  { name: "Kind", cell: ({ kind }) => KINDS[kind], wideOnly: true },
  {
    name: "State",
    cell: ({ disabled, status }) => (
      <>
        {disabled ? "disabled" : status.state.replaceAll("_", " ")}
        {status.reason !== null && (
          <Text size="xs" c="dimmed" className="foreign" maw={420}>
            {status.reason} {status.next_step}
          </Text>
        )}
      </>
    ),
  },
  { name: "Taken today", numeric: true, cell: ({ status }) => status.today.accepted.toLocaleString() },
  { name: "Refused today", numeric: true, cell: ({ status }) => status.today.refused.toLocaleString(), wideOnly: true },
  { name: "Last event", cell: ({ status }) => <Time at={status.last_event_at} /> },
];

/** Where events come from that devices sent to another device cloud; they are looked after in the settings. */
export function SourcesTab({ product }: { readonly product: Product }) {
  const sources = useQuery({
    queryKey: ["sources", "of-product", product.slug],
    queryFn: async ({ signal }) =>
      (await request<{ sources: readonly Source[] }>(`/admin/v1/products/${segment(product.slug)}/sources`, { signal }))
        .sources,
    refetchInterval: 5_000,
  });
  const settings = (
    <Anchor component={Link} to="/settings/sources" size="sm">
      Look after sources
    </Anchor>
  );
  return (
    <Section title="Sources" actions={settings}>
      <Loaded query={sources} lines={3}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No source">
              Devices that publish here need none. A source brings in the events of devices that speak to Particle's
              cloud.
            </Empty>
          ) : (
            <DataTable name="List of sources" columns={COLUMNS} rows={all} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
    </Section>
  );
}
