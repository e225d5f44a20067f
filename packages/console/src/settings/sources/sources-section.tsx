import { Button, Text } from "@mantine/core";
import { Link, Redirect } from "wouter";
import { Loaded } from "../../elements/loaded.tsx";
import { Section } from "../../elements/page.tsx";
import { useProducts } from "../../products/product.ts";
import { NewSource } from "./new-source.tsx";
import { SourceDetail } from "./source-detail.tsx";
import { SourceList } from "./source-list.tsx";

/** Where events of other device clouds come from: the list, `new`, or one (`product/id`). */
export function SourcesSection({ rest }: { readonly rest: string }) {
  const products = useProducts();
  const [first = "", second] = rest.split("/").map(decoded);
  if (second !== undefined && second !== "") return <SourceDetail product={first} id={second} />;
  if (first === "new") return <Loaded query={products}>{(all) => <NewSource products={all} />}</Loaded>;
  if (first !== "") return <Redirect to="/settings/sources" replace />;
  return (
    <Section
      title="Sources"
      actions={
        <Button component={Link} to="/settings/sources/new">
          Add a source
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        Devices that speak to Particle's cloud need no new firmware: a source brings their events into a product here.
      </Text>
      <Loaded query={products}>{(all) => <SourceList products={all} />}</Loaded>
    </Section>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
