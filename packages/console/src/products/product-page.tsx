import { Page } from "../elements/page.tsx";

export function ProductPage() {
  return <Page title="Product">…</Page>;
}
