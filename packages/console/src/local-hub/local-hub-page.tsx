import { Page } from "../elements/page.tsx";

export function LocalHubPage() {
  return <Page title="Local Hub">…</Page>;
}
