import { Page } from "../elements/page.tsx";

export function EventsPage() {
  return <Page title="Events">…</Page>;
}
