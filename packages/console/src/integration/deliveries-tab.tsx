import { Anchor, Box, Grid, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { changedFields, useAddress } from "../elements/address.ts";
import { Pager } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { useTrail } from "../elements/use-trail.ts";
import { BulkActions } from "./bulk-actions.tsx";
import { FILTERS, PAGE_SIZE, useDeliveries, type DeliveryPage, type Filters } from "./deliveries.ts";
import { DeliveryFilters } from "./delivery-filters.tsx";
import { DeliveryList, linkIdOf } from "./delivery-list.tsx";
import { DeliveryPane } from "./delivery-pane.tsx";
import { pageOf, type IntegrationDetail } from "./integration.ts";
import { Replays } from "./replays.tsx";

/** Every delivery: list on the left, the chosen one on the right. On a phone the chosen one stands in the list's place. */
export function DeliveriesTab({ integration }: { readonly integration: IntegrationDetail }) {
  const { id } = integration;
  const { fields: search, change } = useAddress();
  const filters = filtersIn(search);
  const cursor = search.get("cursor");
  const opened = search.get("delivery");
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const query = useDeliveries(id, { filters, cursor, isStill: chosen.size > 0 });

  const trail = useTrail(cursor, (to) => {
    setChosen(new Set());
    change({ cursor: to, delivery: null });
  });

  function close(delivery: string): void {
    change({ delivery: null });
    // Where the list was hidden it is there after the next paint.
    requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(linkIdOf(delivery))?.focus()));
  }

  /** Other rows: the page and what was chosen on it mean nothing there. */
  function narrow(next: Filters): void {
    trail.forget();
    setChosen(new Set());
    change({ ...Object.fromEntries(FILTERS.map((name) => [name, next[name] ?? null])), cursor: null, delivery: null });
  }

  const list = (page: DeliveryPage) => (
    <Stack gap="xs">
      {page.held_up_by !== null && page.deliveries.some(({ state }) => state === "pending") && (
        <FailureNote title="What is pending waits for this" failure={page.held_up_by} />
      )}
      <BulkActions
        id={id}
        parked={integration.counters.ledger.parked}
        chosen={chosen}
        rows={page.deliveries}
        filters={filters}
        onDone={() => setChosen(new Set())}
      />
      {page.deliveries.length === 0 ? (
        <NoRows id={id} isNarrowed={Object.keys(filters).length > 0} page={page} />
      ) : (
        <DeliveryList
          rows={page.deliveries}
          opened={opened}
          chosen={chosen}
          onChosen={setChosen}
          hrefOf={({ id: delivery }) =>
            `${pageOf(id, "deliveries")}?${changedFields(search, { delivery: String(delivery) }).toString()}`
          }
        />
      )}
      <Pager
        onPrevious={trail.onPrevious}
        onNext={page.next === null || page.deliveries.length === 0 ? null : () => trail.goOn(String(page.next))}
      >
        {cursor === null ? "The newest" : "Older"}, {PAGE_SIZE} a page
      </Pager>
    </Stack>
  );

  return (
    <Stack>
      <Box {...(opened !== null && { visibleFrom: "md" as const })}>
        <DeliveryFilters filters={filters} onChange={narrow} />
      </Box>
      <Grid gap="md">
        <Grid.Col
          span={{ base: 12, md: opened === null ? 12 : 6 }}
          {...(opened !== null && { visibleFrom: "md" as const })}
        >
          <Loaded query={query} lines={12}>
            {list}
          </Loaded>
        </Grid.Col>
        {opened !== null && (
          <Grid.Col span={{ base: 12, md: 6 }}>
            <DeliveryPane integration={integration} delivery={opened} onClose={() => close(opened)} />
          </Grid.Col>
        )}
      </Grid>
      <Replays integration={integration} />
    </Stack>
  );
}

function NoRows({
  id,
  isNarrowed,
  page,
}: {
  readonly id: string;
  readonly isNarrowed: boolean;
  readonly page: DeliveryPage;
}) {
  if (page.next !== null) return <Text size="sm">None so far: the search goes on with “Next”.</Text>;
  if (isNarrowed) return <Empty title="No delivery is like that">Change what they are narrowed by, above.</Empty>;
  return (
    <Empty title="No event was taken yet">
      <Anchor component={Link} to={pageOf(id, "example")} inherit underline="always">
        Publish one
      </Anchor>
      , or look in the{" "}
      <Anchor component={Link} to={pageOf(id, "match")} inherit underline="always">
        match lab
      </Anchor>{" "}
      why an event was not taken.
    </Empty>
  );
}

function filtersIn(search: URLSearchParams): Filters {
  return Object.fromEntries(FILTERS.flatMap((name) => (search.get(name) ? [[name, search.get(name) ?? ""]] : [])));
}
