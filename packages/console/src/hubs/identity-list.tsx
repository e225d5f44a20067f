import { Anchor } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { DataTable, Pager, type Column } from "../elements/data-table.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { PAGE, useIdentities, type Identity, type Scan } from "./identity-scan.ts";
import type { ClassWords } from "./identity-words.ts";

const COLUMNS: readonly Column<Identity>[] = [
  { name: "Id in the hub", cell: ({ hub_device_id: id }) => <span className="foreign">{id}</span> },
  {
    name: "Device here",
    cell: ({ device_id: id }) =>
      id === null ? (
        "none"
      ) : (
        <Anchor component={Link} to={`/devices/${segment(id)}`} inherit className="foreign">
          {id}
        </Anchor>
      ),
  },
  { name: "In the hub", wideOnly: true, cell: ({ status }) => status ?? "not there" },
  { name: "A plan would", cell: ({ action }) => (action === "prepare" ? "create" : (action ?? "leave it")) },
];

/** Identities of one class, a page at a time. */
export function IdentityList({
  connectionId,
  scan,
  of,
}: {
  readonly connectionId: string;
  readonly scan: Scan;
  readonly of: ClassWords;
}) {
  const [after, setAfter] = useState(0);
  const query = useIdentities(connectionId, scan.id, of.name, after);
  const total = scan.counts[of.name];
  return (
    <Section title={of.title}>
      <Loaded query={query}>
        {({ identities, next }) => (
          <>
            <DataTable name={of.title} columns={COLUMNS} rows={identities} rowKey={({ hub_device_id: id }) => id} />
            {total > PAGE && (
              <Pager
                onPrevious={after === 0 ? null : () => setAfter(Math.max(0, after - PAGE))}
                onNext={next === null ? null : () => setAfter(next)}
              >
                {`${(after + 1).toLocaleString()} to ${(after + identities.length).toLocaleString()} of ${total.toLocaleString()}`}
              </Pager>
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}
