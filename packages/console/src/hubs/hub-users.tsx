import { Anchor, Text } from "@mantine/core";
import { Fragment } from "react";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import { useProducts, type Product } from "../products/product.ts";
import type { Connection } from "./connection.ts";

/** Troubles that another key or policy mends; it is given to the integration. */
const OF_THE_KEY: ReadonlySet<string> = new Set(["key_refused", "permission_missing"]);

const SHOWN = 8;

/** Which integrations and states use a hub, as links. */
export function HubUsers({ connection }: { readonly connection: Connection }) {
  const { data: products = [] } = useProducts();
  const { integrations, state_scopes: scopes, failure } = connection;
  const needsKey = failure !== null && OF_THE_KEY.has(failure.code);
  const more = integrations.length - SHOWN;
  return (
    <Text size="sm" component="div">
      <Text span size="sm" c="dimmed">
        Used by{" "}
      </Text>
      {integrations.slice(0, SHOWN).map(({ id, name, event, disabled }, i) => (
        <Fragment key={id}>
          {i > 0 && ", "}
          <Anchor component={Link} to={`/integrations/${segment(id)}`} inherit className="foreign">
            {name === "" ? event : name}
          </Anchor>
          {disabled && " (paused)"}
          {needsKey && (
            <>
              {" ("}
              <Anchor component={Link} to={`/integrations/${segment(id)}/settings#key`} inherit underline="always">
                give a new key
              </Anchor>
              )
            </>
          )}
        </Fragment>
      ))}
      {more > 0 && ` and ${more.toLocaleString()} more`}
      {scopes.length > 0 && `${integrations.length > 0 ? ", and by " : ""}states of ${scopesInWords(scopes, products)}`}
    </Text>
  );
}

function scopesInWords(scopes: Connection["state_scopes"], products: readonly Product[]): string {
  const nameOf = (scope: string): string => products.find(({ id }) => String(id) === scope)?.name ?? scope;
  return scopes.map((scope) => (scope === "sandbox" ? "the sandbox" : `product ${nameOf(String(scope))}`)).join(", ");
}
