import { Button } from "@mantine/core";
import { Link } from "wouter";
import { withQuery } from "../client/request.ts";
import { Section } from "../elements/page.tsx";
import { SourceList } from "../settings/sources/source-list.tsx";
import type { Product } from "./product.ts";

/** Where events come from that devices sent to another device cloud. */
export function SourcesTab({ product }: { readonly product: Product }) {
  return (
    <Section
      title="Sources"
      actions={
        <Button component={Link} to={withQuery("/settings/sources/new", { product: product.slug })} variant="default">
          Add a source
        </Button>
      }
    >
      <SourceList products={[product]} />
    </Section>
  );
}
