import { Button } from "@mantine/core";
import type { ComponentType } from "react";
import { Link } from "wouter";
import { segment, withQuery } from "../client/request.ts";
import { Loaded } from "../elements/loaded.tsx";
import { Page } from "../elements/page.tsx";
import { TabLinks } from "../elements/tab-links.tsx";
import { NotFoundPage } from "../shell/not-found-page.tsx";
import { ApiUsers } from "./api-users.tsx";
import { AppKeysTab } from "./app-keys-tab.tsx";
import { GroupsTab } from "./groups-tab.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { useProduct, type Product } from "./product.ts";
import { SettingsTab } from "./settings-tab.tsx";
import { SourcesTab } from "./sources-tab.tsx";
import { StateTab } from "./state-tab.tsx";

interface Tab {
  readonly path: string;
  readonly title: string;
  readonly content: ComponentType<{ readonly product: Product }>;
}

const TABS: readonly Tab[] = [
  { path: "", title: "Overview", content: OverviewTab },
  { path: "groups", title: "Groups", content: GroupsTab },
  { path: "team", title: "API users", content: ({ product }) => <ApiUsers product={product.slug} /> },
  { path: "state", title: "States", content: StateTab },
  { path: "sources", title: "Sources", content: SourcesTab },
  { path: "keys", title: "App keys", content: AppKeysTab },
  { path: "settings", title: "Settings", content: SettingsTab },
];

export function ProductPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const slug = params["product"] ?? "";
  const path = params["*"] ?? "";
  const query = useProduct(slug);
  const tab = TABS.find((one) => one.path === path);
  if (tab === undefined) return <NotFoundPage />;
  const home = `/products/${segment(slug)}`;
  return (
    <Page
      title={query.data?.name ?? "Product"}
      part={tab.title}
      parent={{ title: "Products", to: "/products" }}
      about={query.data && `${query.data.slug}, number ${query.data.id}`}
      actions={
        <>
          <Button component={Link} to={withQuery("/devices", { product: slug })} variant="default">
            Devices
          </Button>
          <Button component={Link} to={withQuery("/events", { product: slug })} variant="default">
            Events
          </Button>
        </>
      }
    >
      <Loaded query={query}>
        {(product) => (
          <>
            <TabLinks
              label="Parts of the product"
              tabs={TABS.map((one) => ({
                title: one.title,
                to: one.path === "" ? home : `${home}/${one.path}`,
                active: one === tab,
              }))}
            />
            <tab.content key={product.id} product={product} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
