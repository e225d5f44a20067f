import { Page } from "../elements/page.tsx";

export function NewWebhookPage() {
  return <Page title="Webhook">…</Page>;
}
