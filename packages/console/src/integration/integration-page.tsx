import { Page } from "../elements/page.tsx";

export function IntegrationPage() {
  return <Page title="Integration">…</Page>;
}
