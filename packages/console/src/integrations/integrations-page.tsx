import { Anchor, Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { Link, Redirect } from "wouter";
import { useAddress, type AddressChanges } from "../elements/address.ts";
import { Pager } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Filters } from "../elements/filters.tsx";
import { Loaded, Loading } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { SearchInput } from "../elements/search-input.tsx";
import { useTrail } from "../elements/use-trail.ts";
import { useProducts } from "../products/product.ts";
import { IntegrationTable } from "./integration-table.tsx";
import { useOverview, type OverviewPage, type OverviewQuery } from "./overview.ts";

const STATES = [
  { value: "working", label: "Working" },
  { value: "trouble", label: "In trouble" },
  { value: "disabled", label: "Paused by you" },
];
const TYPES = [
  { value: "AzureIotHub", label: "Azure IoT Hub" },
  { value: "Webhook", label: "Webhook" },
];

/** All integrations of the sandbox and of products. With none at all it leads to the gallery. */
export function IntegrationsPage() {
  const { fields, change } = useAddress();
  /** Counts how often all filters were taken back: the search box begins anew then, and only then. */
  const [resets, setResets] = useState(0);
  const asked = (name: string): string => fields.get(name) ?? "";
  const query: OverviewQuery = {
    q: asked("q"),
    type: asked("type"),
    state: asked("state"),
    scope: asked("scope"),
    after: asked("after"),
  };
  const isFiltered = Object.values(query).some((value) => value !== "");
  const overview = useOverview(query);
  const trail = useTrail(fields.get("after"), (after) => change({ after, open: null }));

  /** Another filter begins with its first page. */
  function filter(changes: AddressChanges): void {
    trail.forget();
    change({ after: null, open: null, ...changes }, { replace: true });
  }

  function showAll(): void {
    filter({ q: null, type: null, state: null, scope: null });
    setResets((count) => count + 1);
  }

  // What an earlier visit left may be out of date: one may just have been made.
  if (overview.data?.total === 0 && !isFiltered && !overview.isFetching) {
    return <Redirect to="/integrations/new" replace />;
  }
  return (
    <Page
      title="Integrations"
      about="What takes your events, and where it sends them."
      actions={
        <Button component={Link} to="/integrations/new">
          New integration
        </Button>
      }
    >
      <IntegrationFilters key={resets} query={query} onChange={filter} />
      <Loaded query={overview} lines={8}>
        {(page) =>
          page.total === 0 && !isFiltered ? (
            <Loading lines={8} />
          ) : page.total === 0 ? (
            <Empty title="No integration fits">
              <Anchor component="button" type="button" inherit onClick={showAll}>
                Show all
              </Anchor>
            </Empty>
          ) : (
            <>
              <IntegrationTable
                rows={page.integrations}
                opened={fields.get("open")}
                onOpen={(id) => change({ open: id }, { replace: true })}
              />
              {page.total > page.integrations.length && (
                <Pager
                  onPrevious={trail.onPrevious}
                  onNext={page.next === null ? null : () => trail.goOn(page.next ?? "")}
                >
                  {placeInWords(page)}
                </Pager>
              )}
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function IntegrationFilters({
  query,
  onChange,
}: {
  readonly query: OverviewQuery;
  readonly onChange: (changes: AddressChanges) => void;
}) {
  const { data: products = [] } = useProducts();
  const scopes = [
    { value: "sandbox", label: "Sandbox" },
    ...products.map(({ slug, name }) => ({ value: slug, label: name })),
  ];
  const choices = [
    { field: "state", label: "State", data: STATES },
    { field: "type", label: "Type", data: TYPES },
    { field: "scope", label: "Scope", data: scopes },
  ] as const;
  return (
    <Filters label="Choose integrations">
      <SearchInput label="Search integrations" initial={query.q} onSearch={(q) => onChange({ q })} />
      {choices.map(({ field, label, data }) => (
        <NativeSelect
          key={field}
          aria-label={label}
          data={[{ value: "", label: `Any ${label.toLowerCase()}` }, ...data]}
          value={query[field]}
          onChange={({ currentTarget: { value } }) => onChange({ [field]: value === "" ? null : value })}
        />
      ))}
    </Filters>
  );
}

function placeInWords({ before, integrations, total }: OverviewPage): string {
  return `${(before + 1).toLocaleString()} to ${(before + integrations.length).toLocaleString()} of ${total.toLocaleString()}`;
}
