import { Anchor, SimpleGrid } from "@mantine/core";
import { Link } from "wouter";
import { Count, Tile } from "../elements/count.tsx";
import { shortNumber } from "../elements/history-series.ts";
import type { Ledger, Overview } from "./overview.ts";

/** The sums of all integrations; each leads to where its rows are. */
const SUMS: readonly {
  readonly name: string;
  readonly of: keyof Ledger;
  readonly to: string;
  readonly note: string;
}[] = [
  { name: "Accepted", of: "accepted", to: "/integrations", note: "for integrations, ever" },
  { name: "Delivered", of: "delivered", to: "/integrations", note: "reached their target" },
  { name: "Pending", of: "pending", to: "/integrations", note: "wait or are under way" },
  { name: "Parked", of: "parked", to: "/integrations?state=trouble", note: "wait for you" },
  { name: "Expired", of: "expired", to: "/integrations", note: "given up" },
];

export function Numbers({ overview: { pace, ledger } }: { readonly overview: Overview }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 4, lg: 7 }} spacing="xs" verticalSpacing="xs" role="group" aria-label="Numbers">
      <Tile name="Events in" note="a second, just now">
        <Rate value={pace?.in_per_second} to="/events" label="events in, a second" />
      </Tile>
      <Tile name="Messages out" note="a second, just now">
        <Rate value={pace?.out_per_second} to="/integrations" label="messages out, a second" />
      </Tile>
      {SUMS.map(({ name, of, to, note }) => (
        <Tile key={of} name={name} note={note}>
          <Count value={ledger[of]} to={to} label={`${name.toLowerCase()}, ${note}`} />
        </Tile>
      ))}
    </SimpleGrid>
  );
}

/** Known from the second look on. */
function Rate({
  value,
  to,
  label,
}: {
  readonly value: number | undefined;
  readonly to: string;
  readonly label: string;
}) {
  if (value === undefined) return <span aria-label={`${label}: not known yet`}>–</span>;
  const text = shortNumber(value);
  return (
    <Anchor component={Link} to={to} inherit className="number" aria-label={`${text} ${label}`}>
      {text}
    </Anchor>
  );
}
