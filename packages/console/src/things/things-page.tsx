import { Page } from "../elements/page.tsx";

export function ThingsPage() {
  return <Page title="Things">…</Page>;
}
