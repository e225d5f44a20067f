/** Integrations live in the sandbox and in products: whose roof a path is under, and which integration it names there. */
import type { FastifyRequest } from "fastify";
import type { Directory } from "../../core/directory.ts";
import type { Integration, Scope } from "../../core/integration.ts";
import type { Permission } from "../../core/permission.ts";
import { notFound } from "../api-error.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { ownIntegration, ownProduct, sandboxOf } from "../ownership.ts";

export interface Roof {
  Params: { product?: string; id: string };
}

/** Under each roof all integrations, and under an older name the webhooks alone. */
export const PLACES: readonly { readonly path: string; readonly only: "Webhook" | null }[] = [
  { path: "/v1/integrations", only: null },
  { path: "/v1/products/:product/integrations", only: null },
  { path: "/v1/webhooks", only: "Webhook" },
  { path: "/v1/products/:product/webhooks", only: "Webhook" },
];

export async function scopeOf(
  request: FastifyRequest<Roof>,
  caller: AccountCaller,
  directory: Directory,
): Promise<Scope> {
  const { product } = request.params;
  if (product === undefined) return { kind: "sandbox", accountId: sandboxOf(caller) };
  return { kind: "product", productId: (await ownProduct(directory, caller, product)).id };
}

/** The integration of the path: of the caller, and under this very roof. */
export async function integrationOf(
  request: FastifyRequest<Roof>,
  permission: Permission,
  {
    directory,
    authentication,
    only,
  }: {
    readonly directory: Directory;
    readonly authentication: Authentication;
    readonly only: Integration["type"] | null;
  },
): Promise<{ readonly caller: AccountCaller; readonly integration: Integration }> {
  const caller = await authentication.account(request, permission);
  const scope = await scopeOf(request, caller, directory);
  const integration = await ownIntegration(directory, caller, request.params.id);
  const isHere = sameScope(integration.scope, scope) && (only === null || integration.type === only);
  if (!isHere) throw notFound("Integration");
  return { caller, integration };
}

export function sameScope(a: Scope, b: Scope): boolean {
  if (a.kind === "sandbox") return b.kind === "sandbox" && a.accountId === b.accountId;
  return b.kind === "product" && a.productId === b.productId;
}
