import { Page } from "../elements/page.tsx";

export function ProductsPage() {
  return <Page title="Products">…</Page>;
}
