import { Page } from "../elements/page.tsx";

export function SettingsPage() {
  return <Page title="Settings">…</Page>;
}
