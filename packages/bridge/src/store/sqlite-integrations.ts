/** Integrations in the embedded store. Policy keys are sealed before they go to the worker, and opened only for those who send. */
import type { Integrations, IntegrationSettings } from "../core/directory.ts";
import { newId } from "../core/ids.ts";
import type { HubConnection, Integration, Scope } from "../core/integration.ts";
import type { Secrets } from "./secrets.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { SealedConnection } from "./sqlite/integration-operations.ts";

export interface SqliteIntegrationsOptions {
  readonly worker: GroupCommit;
  readonly secrets: Secrets;
  readonly now: () => number;
}

export interface SqliteIntegrations extends Integrations {
  allIntegrations(): Promise<readonly Integration[]>;
}

export function createIntegrations({ worker, secrets, now }: SqliteIntegrationsOptions): SqliteIntegrations {
  let integrationTurn: Promise<unknown> = Promise.resolve();

  // An update reads before it writes: side by side, one could bring back a deleted integration or a replaced key.
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = integrationTurn.then(change, change);
    integrationTurn = turn.catch(() => undefined);
    return turn;
  }

  function integration(id: string): Promise<Integration | null> {
    return worker.call("integration", id);
  }

  async function connection(id: string): Promise<HubConnection | null> {
    const sealed = await worker.call("sealedConnection", id);
    if (sealed === null) return null;
    const { hostName, policyName, sealedKey } = sealed;
    return { id, hostName, policyName, policyKey: secrets.open(sealedKey, id) };
  }

  function saveIntegration(
    record: Pick<Integration, "id" | "createdAt" | "updatedAt">,
    settings: IntegrationSettings,
    policyKey: string,
  ): Promise<Integration> {
    const { scope, event, deviceId, name, hubName, hostName, policyName, template, nameSync, disabled } = settings;
    const connectionId = newId();
    const sealed: SealedConnection = {
      id: connectionId,
      hostName,
      policyName,
      sealedKey: secrets.seal(policyKey, connectionId),
      keyPrint: secrets.print(policyKey),
    };
    const fields = {
      type: "AzureIotHub",
      scope,
      event,
      deviceId,
      name,
      hubName,
      policyName,
      template,
      nameSync,
      disabled,
    } as const;
    return worker.call("saveIntegration", { ...record, ...fields }, sealed);
  }

  return {
    integration,
    connection,
    createIntegration(settings: IntegrationSettings): Promise<Integration> {
      const at = now();
      return saveIntegration({ id: newId(), createdAt: at, updatedAt: at }, settings, settings.policyKey ?? "");
    },

    updateIntegration(id: string, settings: IntegrationSettings): Promise<Integration | null> {
      return inTurn(async () => {
        const known = await integration(id);
        if (known === null) return null;
        const key = settings.policyKey ?? (await connection(known.connectionId))?.policyKey ?? "";
        return saveIntegration({ id, createdAt: known.createdAt, updatedAt: now() }, settings, key);
      });
    },

    deleteIntegration(id: string): Promise<boolean> {
      return inTurn(async () => (await worker.call("deleteIntegration", id)) > 0);
    },

    integrationsIn(scope: Scope): Promise<readonly Integration[]> {
      return worker.call("integrationsIn", scope);
    },

    allIntegrations(): Promise<readonly Integration[]> {
      return worker.call("allIntegrations");
    },
  };
}
