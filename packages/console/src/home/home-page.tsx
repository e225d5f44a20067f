import { Page } from "../elements/page.tsx";

export function HomePage() {
  return <Page title="Home">…</Page>;
}
