import { Page } from "../elements/page.tsx";

export function ImportPage() {
  return <Page title="Import devices">…</Page>;
}
