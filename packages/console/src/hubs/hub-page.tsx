import { Page } from "../elements/page.tsx";

export function HubPage() {
  return <Page title="Hub">…</Page>;
}
