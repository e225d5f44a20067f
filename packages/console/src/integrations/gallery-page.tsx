import { Page } from "../elements/page.tsx";

export function GalleryPage() {
  return <Page title="New integration">…</Page>;
}
