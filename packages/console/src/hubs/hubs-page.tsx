import { Page } from "../elements/page.tsx";

export function HubsPage() {
  return <Page title="Hubs">…</Page>;
}
