/** Hub connections on their way to and from the disk: every secret sealed for its own record, the rest in clear. */
import type { EntraCredential, HubConnection } from "../core/integration.ts";
import type { Secrets } from "./secrets.ts";
import type { SealedConnection } from "./sqlite/hub-connections.ts";

export function sealConnection(secrets: Secrets, connection: HubConnection): SealedConnection {
  const { id, hostName, policyName, policyKey, secondaryKey, entra } = connection;
  const clientSecret = entra?.kind === "client_secret" ? entra.clientSecret : null;
  return {
    id,
    hostName,
    policyName,
    sealedKey: secrets.seal(policyKey, records.key(id)),
    sealedSecondaryKey: secondaryKey === null ? null : secrets.seal(secondaryKey, records.secondaryKey(id)),
    entra: entra === null ? null : JSON.stringify({ ...entra, clientSecret: undefined }),
    sealedClientSecret: clientSecret === null ? null : secrets.seal(clientSecret, records.clientSecret(id)),
    keyPrint: secrets.print(printed(connection)),
  };
}

export function openConnection(secrets: Secrets, sealed: SealedConnection): HubConnection {
  const { id, hostName, policyName, sealedKey, sealedSecondaryKey, entra, sealedClientSecret } = sealed;
  const credential = entra === null ? null : (JSON.parse(entra) as EntraCredential);
  return {
    id,
    hostName,
    policyName,
    policyKey: secrets.open(sealedKey, records.key(id)),
    secondaryKey: sealedSecondaryKey === null ? null : secrets.open(sealedSecondaryKey, records.secondaryKey(id)),
    entra:
      credential?.kind === "client_secret" && sealedClientSecret !== null
        ? { ...credential, clientSecret: secrets.open(sealedClientSecret, records.clientSecret(id)) }
        : credential,
  };
}

/** What each seal is bound to, so that none opens in another's place. */
export const records = {
  key: (id: string): string => id,
  secondaryKey: (id: string): string => `${id}/secondary`,
  clientSecret: (id: string): string => `${id}/client-secret`,
} as const;

// A connection with one key prints as that key alone, which is how it was before there were others.
function printed({ policyKey, secondaryKey, entra }: HubConnection): string {
  return secondaryKey === null && entra === null ? policyKey : JSON.stringify([policyKey, secondaryKey, entra]);
}
