import { Anchor, Button, Code, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { DeviceName } from "../devices/device-table.tsx";
import { OnlineBadge, SyncBadge } from "../devices/device-words.tsx";
import type { AddressFields } from "../elements/address.ts";
import { DataTable, Pager, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Filters } from "../elements/filters.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { Time } from "../elements/time.tsx";
import { useTrail } from "../elements/use-trail.ts";
import { useProducts } from "../products/product.ts";
import { stateSummary } from "./state-summary.ts";
import { ThingDetail } from "./thing-detail.tsx";
import { useThingPage, type ThingRow } from "./thing-rows.ts";

/** A page of Things, one of them open. */
export function ThingList({
  product,
  q,
  after,
  open,
  choices,
  onChange,
}: {
  readonly product: string;
  readonly q: string;
  readonly after: string | null;
  readonly open: string | null;
  /** Beside the search. */
  readonly choices: ReactNode;
  readonly onChange: AddressFields["change"];
}) {
  const query = useThingPage(product, q, after);
  const trail = useTrail(after, (next) => onChange({ after: next }));
  const { data: products = [] } = useProducts();
  const names = new Map(products.map(({ slug, name }) => [slug, name]));

  return (
    <>
      <Filters label="Choose Things">
        <SearchInput
          label="Search Things"
          placeholder="Search: greenhouse, name:pump*, deviceState.led:true"
          initial={q}
          maxLength={2_000}
          onSearch={(text) => {
            trail.forget();
            onChange({ q: text.trim(), after: null }, { replace: true });
          }}
        />
        {choices}
      </Filters>
      <Loaded query={query} lines={8}>
        {({ things, total, next }) =>
          things.length === 0 && after === null ? (
            <NoThings isSearch={q !== ""} product={product} />
          ) : (
            <>
              <DataTable
                name="Things"
                rows={things}
                rowKey={({ id }) => id}
                columns={columnsWith({
                  open,
                  names,
                  onOpen: (id) => onChange({ thing: id === open ? null : id }, { replace: true }),
                })}
                expanded={(thing) => (thing.id === open ? <ThingDetail thing={thing} /> : null)}
              />
              <Pager onPrevious={trail.onPrevious} onNext={next === null ? null : () => trail.goOn(next)}>
                {total === null
                  ? `${things.length.toLocaleString()} on this page`
                  : `${things.length.toLocaleString()} of ${total.toLocaleString()}`}
              </Pager>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function columnsWith({
  open,
  names,
  onOpen,
}: {
  readonly open: string | null;
  /** Of products, by their slugs. */
  readonly names: ReadonlyMap<string, string>;
  readonly onOpen: (id: string) => void;
}): readonly Column<ThingRow>[] {
  return [
    { name: "Thing", cell: (thing) => <DeviceName device={thing} /> },
    {
      name: "Actions",
      cell: ({ id, name }) => (
        <Button
          size="compact-xs"
          variant="default"
          aria-expanded={id === open}
          aria-label={`${id === open ? "Close" : "Manage"} ${name}`}
          onClick={() => onOpen(id)}
        >
          {id === open ? "Close" : "Manage"}
        </Button>
      ),
    },
    {
      name: "Product",
      wideOnly: true,
      cell: ({ appid }) => (
        <Anchor component={Link} to={`/products/${segment(appid)}`} className="foreign" inherit>
          {names.get(appid) ?? appid}
        </Anchor>
      ),
    },
    { name: "In the hub", cell: ({ deviceStatus: { sync, status } }) => <SyncBadge sync={sync} status={status} /> },
    {
      name: "Connection",
      wideOnly: true,
      cell: ({ deviceStatus }) => <OnlineBadge online={deviceStatus.connectionState === "connected"} />,
    },
    { name: "Last heard", cell: ({ deviceStatus }) => <Time at={deviceStatus.lastActivity} /> },
    {
      name: "State",
      wideOnly: true,
      cell: ({ deviceState }) => (
        <Text size="xs" ff="monospace" className="foreign" lineClamp={2}>
          {stateSummary(deviceState)}
        </Text>
      ),
    },
    {
      name: "Conflicts",
      numeric: true,
      cell: ({ id, deviceStatus: { conflicts } }) =>
        conflicts === 0 ? (
          0
        ) : (
          <Anchor component={Link} to={`/devices/${segment(id)}/state`} inherit>
            {conflicts.toLocaleString()}
          </Anchor>
        ),
    },
  ];
}

function NoThings({ isSearch, product }: { readonly isSearch: boolean; readonly product: string }) {
  if (isSearch) {
    return (
      <Empty title="No Thing fits">
        A word is looked for in ids, names, tags and states. <Code>name:pump*</Code> searches a field,{" "}
        <Code>deviceState.led:true</Code> a value of the state; <Code>AND</Code>, <Code>OR</Code> and <Code>NOT</Code>{" "}
        join.
      </Empty>
    );
  }
  return (
    <Empty
      title="No Things yet"
      command={`npx isthmus things create "North buoy" --product ${product === "" ? "PRODUCT" : product}`}
    >
      Make one above, or in a shell. It is made in the hub at once, and its keys are shown once:
    </Empty>
  );
}
