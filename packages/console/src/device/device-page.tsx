import { Page } from "../elements/page.tsx";

export function DevicePage() {
  return <Page title="Device">…</Page>;
}
