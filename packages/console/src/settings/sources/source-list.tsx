import { Anchor, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { Link } from "wouter";
import { request, segment } from "../../client/request.ts";
import { DataTable, type Column } from "../../elements/data-table.tsx";
import { Empty } from "../../elements/empty.tsx";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Loading } from "../../elements/loaded.tsx";
import { StateBadge } from "../../elements/state-badge.tsx";
import { Time } from "../../elements/time.tsx";
import type { Product } from "../../products/product.ts";
import { KINDS, sourcesPath, stateOf, type Source } from "./source.ts";

interface Row extends Source {
  readonly product: Product;
}

/** The sources of these products, and how they fare. */
export function SourceList({ products }: { readonly products: readonly Product[] }) {
  const answers = useQueries({
    queries: products.map(({ slug }) => ({
      queryKey: ["sources", slug],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        request<{ sources: readonly Source[] }>(sourcesPath(slug), { signal }),
      refetchInterval: 5_000,
    })),
  });
  const rows = answers.flatMap(({ data }, i) =>
    (data?.sources ?? []).map((source): Row => ({ ...source, product: products[i]! })),
  );
  const failure = answers.find(({ error }) => error !== null)?.error ?? null;
  if (answers.some(({ isPending }) => isPending)) return <Loading />;
  if (failure !== null) return <FailureNote failure={failure} />;
  if (rows.length > 0)
    return <DataTable name="List of sources" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />;
  const slug = products[0]?.slug ?? "weather";
  return (
    <Empty
      title="There are no sources"
      command={`npx isthmus sources create webhook --product ${slug} --event temp --public-url https://isthmus.example.com --out webhook.json`}
    >
      A webhook of Particle's cloud calls this server for each event; a stream is followed from here, and brings the
      devices' names. Add one above, or with
    </Empty>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "Source",
    cell: ({ id, name, product, kind }) => (
      <>
        <Anchor
          component={Link}
          to={`/settings/sources/${segment(product.slug)}/${segment(id)}`}
          inherit
          className="foreign"
        >
          {name}
        </Anchor>
        <Text size="xs" c="dimmed">
          {KINDS[kind]}
        </Text>
      </>
    ),
  },
  {
    name: "Product",
    cell: ({ product }) => (
      <Anchor component={Link} to={`/products/${segment(product.slug)}`} inherit className="foreign">
        {product.name}
      </Anchor>
    ),
  },
  {
    name: "State",
    cell: (source) => {
      const { tone, words } = stateOf(source);
      const { reason, next_step: next } = source.status;
      return (
        <>
          <StateBadge tone={tone}>{words}</StateBadge>
          {reason !== null && (
            <Text size="xs" c="dimmed" className="foreign" maw={420}>
              {reason} {next}
            </Text>
          )}
        </>
      );
    },
  },
  { name: "Accepted today", numeric: true, cell: ({ status }) => status.today.accepted.toLocaleString() },
  { name: "Refused today", numeric: true, cell: ({ status }) => status.today.refused.toLocaleString(), wideOnly: true },
  { name: "Last event", cell: ({ status }) => <Time at={status.last_event_at} />, wideOnly: true },
];
