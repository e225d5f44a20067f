import { Anchor, Group, List, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { request, segment, withQuery } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { Count } from "../elements/count.tsx";
import { Loaded } from "../elements/loaded.tsx";
import type { Product } from "./product.ts";

/** What a product has that must be ended first, and what goes with it. */
interface Belongings {
  readonly integrations: number;
  readonly sources: number;
  readonly things: number;
  readonly devices: number;
}

const count = async (
  path: string,
  signal: AbortSignal,
  query: Readonly<Record<string, string | number>>,
): Promise<number> =>
  (await request<{ total: number | null }>(path, { signal, query: { ...query, limit: 1 } })).total ?? 0;

async function belongings(slug: string, signal: AbortSignal): Promise<Belongings> {
  const sources = `/admin/v1/products/${segment(slug)}/sources`;
  const [integrations, { sources: all }, things, devices] = await Promise.all([
    count("/admin/v1/integrations", signal, { scope: slug }),
    request<{ sources: readonly unknown[] }>(sources, { signal }),
    count("/admin/v1/devices", signal, { product: slug, kind: "thing" }),
    count("/admin/v1/devices", signal, { product: slug, kind: "device" }),
  ]);
  return { integrations, sources: all.length, things, devices };
}

export function DeleteProduct({ product }: { readonly product: Product }) {
  const { slug, name } = product;
  const query = useQuery({
    queryKey: ["products", slug, "belongings"],
    queryFn: ({ signal }) => belongings(slug, signal),
    staleTime: 0,
  });
  const [, go] = useLocation();
  const queries = useQueryClient();

  async function end(): Promise<void> {
    await request(`/v1/products/${product.id}`, { method: "DELETE", query: { confirm: true } });
    announce(`Product ${name} deleted.`);
    // At once, so that nobody asks for what a product has that is gone.
    queries.setQueryData<readonly Product[]>(["products"], (all) => all?.filter(({ id }) => id !== product.id));
    go("/products");
    await queries.invalidateQueries({ queryKey: ["products"], exact: true });
  }

  return (
    <Loaded query={query} lines={2}>
      {({ integrations, sources, things, devices }) => {
        const inTheWay: readonly (readonly [key: string, line: ReactNode])[] = [
          ...line(
            integrations === 1 ? "integration" : "integrations",
            integrations,
            "to be deleted",
            withQuery("/integrations", { scope: slug }),
          ),
          ...line(sources === 1 ? "source" : "sources", sources, "to be deleted", "/settings/sources"),
          ...line(
            things === 1 ? "Thing" : "Things",
            things,
            "to be deleted, in their hub too",
            withQuery("/things", { product: slug }),
          ),
        ];
        if (inTheWay.length > 0) {
          return (
            <>
              <Text size="sm">It cannot be deleted yet. In its way:</Text>
              <List size="sm">
                {inTheWay.map(([key, text]) => (
                  <List.Item key={key}>{text}</List.Item>
                ))}
              </List>
            </>
          );
        }
        return (
          <Group gap="sm">
            <ConfirmButton
              c="red"
              title={`Delete ${name}?`}
              message={fate(devices)}
              confirmLabel="Delete product"
              word={slug}
              onConfirm={end}
            >
              Delete product
            </ConfirmButton>
            <Text size="sm" c="dimmed">
              {fate(devices)}
            </Text>
          </Group>
        );
      }}
    </Loaded>
  );
}

function line(what: string, amount: number, fateOf: string, to: string): readonly (readonly [string, ReactNode])[] {
  if (amount === 0) return [];
  return [
    [
      what,
      <>
        <Count value={amount} to={to} label={what} />{" "}
        <Anchor component={Link} to={to} size="sm">
          {what}
        </Anchor>{" "}
        {fateOf}
      </>,
    ],
  ];
}

function fate(devices: number): string {
  const rest = "Its groups, API users and settings go with it.";
  if (devices === 0) return rest;
  const amount = devices === 1 ? "It has 1 device" : `It has ${devices.toLocaleString()} devices`;
  return `${amount}: those that nobody has claimed are forgotten with their tokens, the others stay with their owners. ${rest}`;
}
