import { Anchor, Stack, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded, Loading } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { apiUsersQuery, type ApiUser } from "../products/api-user.ts";
import { useProducts, type Product } from "../products/product.ts";

interface Row extends ApiUser {
  readonly product: Product;
}

/** Programs that call the API, over all products. */
export function ApiUsersSection() {
  const products = useProducts();
  return (
    <Section title="API users">
      <Text size="sm" c="dimmed">
        A program that calls the API is an API user of one product, with a token of its own and the scopes that you give
        it. It is made and changed on its product's page.
      </Text>
      <Loaded query={products}>{(all) => <Members products={all} />}</Loaded>
    </Section>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "API user",
    cell: ({ friendly_name, username }) => (
      <Stack gap={0}>
        <span className="foreign">{friendly_name}</span>
        <Text size="xs" c="dimmed" className="foreign">
          {username}
        </Text>
      </Stack>
    ),
  },
  {
    name: "Product",
    cell: ({ product }) => (
      <Anchor component={Link} to={`/products/${segment(product.slug)}/team`} inherit className="foreign">
        {product.name}
      </Anchor>
    ),
  },
  { name: "Scopes", cell: ({ scopes }) => <Text size="xs">{scopes.join(", ")}</Text>, wideOnly: true },
  { name: "Made", cell: ({ created_at }) => <Time at={created_at} />, wideOnly: true },
];

function Members({ products }: { readonly products: readonly Product[] }) {
  const teams = useQueries({ queries: products.map(({ slug }) => apiUsersQuery(slug)) });
  const failure = teams.find(({ error }) => error !== null)?.error ?? null;
  const rows = teams.flatMap(({ data = [] }, i) => data.map((user): Row => ({ ...user, product: products[i]! })));
  if (teams.some(({ isPending }) => isPending)) return <Loading />;
  if (failure !== null) return <FailureNote failure={failure} />;
  if (rows.length > 0) {
    return (
      <DataTable name="API users of all products" columns={COLUMNS} rows={rows} rowKey={({ username }) => username} />
    );
  }
  const [first] = products;
  if (first === undefined) {
    return (
      <Empty title="There is no product yet" command="npx isthmus products create Weather">
        API users belong to products.{" "}
        <Anchor component={Link} to="/products">
          Make a product
        </Anchor>{" "}
        first.
      </Empty>
    );
  }
  return (
    <Empty title="There are no API users" command={`npx isthmus api-users create ${first.slug} report events:get`}>
      Make one on the page of <ProductLinks products={products} />, or with
    </Empty>
  );
}

function ProductLinks({ products }: { readonly products: readonly Product[] }) {
  return products.slice(0, 10).map(({ slug, name }, i) => (
    <span key={slug} className="foreign">
      {i > 0 && ", "}
      <Anchor component={Link} to={`/products/${segment(slug)}/team`} inherit>
        {name}
      </Anchor>
    </span>
  ));
}
