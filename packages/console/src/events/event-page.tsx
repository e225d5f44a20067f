import { Page } from "../elements/page.tsx";

export function EventPage() {
  return <Page title="Event">…</Page>;
}
