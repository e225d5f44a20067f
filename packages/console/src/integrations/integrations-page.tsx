import { Page } from "../elements/page.tsx";

export function IntegrationsPage() {
  return <Page title="Integrations">…</Page>;
}
