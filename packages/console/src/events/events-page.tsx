import { Button } from "@mantine/core";
import { useAddress } from "../elements/address.ts";
import { Page } from "../elements/page.tsx";
import { useEventFilter } from "./event-address.ts";
import { EventFilters } from "./event-filters.tsx";
import { EventList } from "./event-list.tsx";
import { PublishForm } from "./publish-form.tsx";

/** The address says what is filtered (`prefix`, `device`, `product`) and whether the form is open (`publish`). */
export function EventsPage() {
  const { filter, change } = useEventFilter();
  const { fields, change: changeAddress } = useAddress();
  const isPublishing = fields.has("publish");

  function togglePublishing(): void {
    changeAddress(isPublishing ? { publish: null, name: null, data: null, as: null } : { publish: "1" });
  }

  return (
    <Page
      title="Events"
      about="What devices publish, as it comes in. Open one to see which integrations took it, and why others did not."
      actions={
        <Button onClick={togglePublishing} aria-expanded={isPublishing}>
          Publish an event
        </Button>
      }
    >
      {isPublishing && <PublishForm onClose={togglePublishing} />}
      <EventFilters filter={filter} change={change} />
      <EventList key={JSON.stringify(filter)} filter={filter} />
    </Page>
  );
}
