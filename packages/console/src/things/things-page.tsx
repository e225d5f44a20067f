import { Button, NativeSelect } from "@mantine/core";
import { withQuery } from "../client/request.ts";
import { useAddress } from "../elements/address.ts";
import { useProducts } from "../products/product.ts";
import { Filters } from "../elements/filters.tsx";
import { Page } from "../elements/page.tsx";
import { TabLinks } from "../elements/tab-links.tsx";
import { ConflictTable } from "./conflict-table.tsx";
import { MakeThing } from "./make-thing.tsx";
import { ThingList } from "./thing-list.tsx";

/** Things of one product or of all, and what was written on both sides at once. */
export function ThingsPage() {
  const { fields: params, change } = useAddress();
  const { data: products = [] } = useProducts();
  const product = params.get("product") ?? "";
  const showsConflicts = params.has("conflicts");
  const isMaking = params.has("make");

  const productChoice = (
    <NativeSelect
      aria-label="Product"
      data={[{ value: "", label: "All products" }, ...products.map(({ slug, name }) => ({ value: slug, label: name }))]}
      value={product}
      onChange={({ currentTarget: { value } }) => change({ product: value, after: null })}
    />
  );

  return (
    <Page
      title="Things"
      part={showsConflicts ? "Conflicts" : undefined}
      about="Devices that reach their hub by themselves, with keys of their own. State follows the hub both ways."
      actions={
        <Button onClick={() => change({ make: isMaking ? null : "true" })} variant={isMaking ? "default" : "filled"}>
          {isMaking ? "Close" : "Make a Thing"}
        </Button>
      }
    >
      {isMaking && <MakeThing products={products} product={product} />}
      <TabLinks
        label="Things and conflicts"
        tabs={[
          { title: "Things", to: withQuery("/things", { product }), active: !showsConflicts },
          { title: "Conflicts", to: withQuery("/things", { product, conflicts: true }), active: showsConflicts },
        ]}
      />
      {showsConflicts ? (
        <>
          <Filters label="Choose conflicts">{productChoice}</Filters>
          <ConflictTable product={product} />
        </>
      ) : (
        <ThingList
          product={product}
          q={params.get("q") ?? ""}
          after={params.get("after")}
          open={params.get("thing")}
          choices={productChoice}
          onChange={change}
        />
      )}
    </Page>
  );
}
