import { Button } from "@mantine/core";
import { useSearchParams } from "wouter";
import { Page } from "../elements/page.tsx";
import { useEventFilter } from "./event-address.ts";
import { EventFilters } from "./event-filters.tsx";
import { EventList } from "./event-list.tsx";
import { PublishForm } from "./publish-form.tsx";

/** The address says what is filtered (`prefix`, `device`, `product`) and whether the form is open (`publish`). */
export function EventsPage() {
  const { filter, change } = useEventFilter();
  const [params, setParams] = useSearchParams();
  const isPublishing = params.has("publish");

  function togglePublishing(): void {
    setParams((former) => {
      const next = new URLSearchParams(former);
      if (isPublishing) for (const name of ["publish", "name", "data", "as"]) next.delete(name);
      else next.set("publish", "1");
      return next;
    });
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
