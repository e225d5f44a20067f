import { Page } from "../elements/page.tsx";

export function DevicesPage() {
  return <Page title="Devices">…</Page>;
}
