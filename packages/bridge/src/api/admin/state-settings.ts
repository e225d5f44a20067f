/** Which hub mirrors the states of a product's devices, or of a sandbox's, and by which rules; and how the mirroring goes. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { LOCAL_HUB } from "../../core/hub-host.ts";
import type { Scope } from "../../core/integration.ts";
import type { Permission } from "../../core/permission.ts";
import { notFound } from "../api-error.ts";
import { requireTokenPlacement, type AccountCaller, type Authentication } from "../authentication.ts";
import { fieldsOf } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, ownScopes } from "../ownership.ts";
import { stateHubJson } from "./state-json.ts";
import { stateSettingsJson, stateSettingsOf } from "./state-settings-fields.ts";

interface InProduct {
  Params: { product: string };
}
/** The permission on a product's settings; a sandbox has no API users. */
type ScopeOf = (
  request: FastifyRequest,
  permission: Permission,
) => Promise<{ readonly scope: Scope; readonly caller: AccountCaller }>;

const tags = ["state"];

export function registerStateSettings(
  app: FastifyInstance,
  { directory, states, stateSettings, stateHubRule, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  const productScope: ScopeOf = async (request, permission) => {
    const caller = await authentication.account(request, permission);
    const { product } = request.params as InProduct["Params"];
    const { id } = await ownProduct(directory, caller, product);
    return { scope: { kind: "product", productId: id }, caller };
  };
  const sandboxScope: ScopeOf = async (request) => {
    const caller = await authentication.account(request, "account");
    return { scope: { kind: "sandbox", accountId: caller.accountId }, caller };
  };

  function register(path: string, whose: string, scopeOf: ScopeOf): void {
    app.get(path, route(`How ${whose} states are mirrored`), async (request) => {
      const { scope } = await scopeOf(request, "integrations:get");
      return { settings: stateSettingsJson(await stateSettings.stateSettings(scope)) };
    });

    app.put(path, route(`Change how ${whose} states are mirrored`), async (request) => {
      const { scope, caller } = await scopeOf(request, "integrations:update");
      const stored = await stateSettings.stateSettings(scope);
      const isOperator = await operates(caller);
      const { settings, hub } = stateSettingsOf(fieldsOf(request), { hubHostRule: stateHubRule, stored, isOperator });
      const saved = await stateSettings.saveStateSettings(scope, settings, hub);
      await states.settingsChanged(scope);
      log.info({ scope, hub: saved.hub?.hubName ?? null }, "state_settings.saved");
      return { settings: stateSettingsJson(saved) };
    });

    app.delete(path, route(`Go back to the defaults for ${whose} states`), async (request, reply) => {
      const { scope } = await scopeOf(request, "integrations:remove");
      if (!(await stateSettings.deleteStateSettings(scope))) throw notFound("State settings");
      await states.settingsChanged(scope);
      log.info({ scope }, "state_settings.deleted");
      return reply.code(204).send();
    });
  }

  register("/admin/v1/products/:product/state-settings", "a product's", productScope);
  register("/admin/v1/state-settings", "a sandbox's", sandboxScope);

  app.get("/admin/v1/state-hubs", route("Hubs that mirror states, and how it goes"), async (request) => {
    const caller = await authentication.account(request, "integrations:list");
    const [isOperator, own] = await Promise.all([operates(caller), ownConnections(caller)]);
    const reports = await states.hubs();
    return {
      hubs: reports
        .filter(({ connectionId }) => isOperator || own.has(connectionId) || SHARED.has(connectionId))
        .map((report) => stateHubJson(report, isOperator || own.has(report.connectionId))),
    };
  });

  async function operates(caller: AccountCaller): Promise<boolean> {
    return caller.kind === "account" && (await directory.account(caller.accountId))?.operator === true;
  }

  async function ownConnections(caller: AccountCaller): Promise<ReadonlySet<string>> {
    const scopes = await ownScopes(directory, caller);
    const settings = await Promise.all(scopes.map((scope) => stateSettings.stateSettings(scope)));
    return new Set(settings.flatMap((one) => one?.hub?.connectionId ?? []));
  }
}

/** The operator's hubs, which mirror whatever has no hub of its own: who shares them sees whether they work, and no figures. */
const SHARED: ReadonlySet<string> = new Set([LOCAL_HUB, "para"]);
