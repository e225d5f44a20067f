/** Microsoft's identity library, as much of it as is used here. It is loaded when the first token is asked for. */
import type { TokenCredential } from "@azure/identity";
import type { EntraCredential } from "../../core/integration.ts";

/** What a hub's token is for. */
const SCOPE = "https://iothubs.azure.net/.default";
const PATIENCE_MS = 15_000;

export interface EntraOptions {
  /** Where tokens are asked for, without trailing slash; absent: the library's own, Azure's public cloud. */
  readonly authority?: string;
  /** PEM of a further certificate authority that the token endpoint may be signed by. */
  readonly ca?: string;
  /** The projected token of a workload; absent: where the platform says it is. */
  readonly federatedTokenFile?: string;
}

export interface EntraToken {
  readonly text: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** Unix milliseconds, where the issuer names a time to renew it. */
  readonly renewAt?: number;
}

/** Asks for a token; rejects with the library's own errors. */
export type AskEntra = () => Promise<EntraToken>;

/** Nothing is loaded or asked before the first call. */
export function openEntraCredential(entra: EntraCredential, options: EntraOptions): AskEntra {
  let credential: Promise<TokenCredential> | undefined;
  return async () => {
    credential ??= load(entra, options);
    const token = await (await credential).getToken(SCOPE, { abortSignal: AbortSignal.timeout(PATIENCE_MS) });
    if (token === null) throw new Error("Microsoft Entra gave no token.");
    const { token: text, expiresOnTimestamp: expiresAt, refreshAfterTimestamp: renewAt } = token;
    return { text, expiresAt, ...(renewAt !== undefined && { renewAt }) };
  };
}

async function load(entra: EntraCredential, options: EntraOptions): Promise<TokenCredential> {
  const { ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential } =
    await import("@azure/identity");
  const { authority, ca, federatedTokenFile } = options;
  const common = {
    // An authority that is named here is trusted: it need not be one that the public cloud knows of.
    ...(authority !== undefined && { authorityHost: authority, disableInstanceDiscovery: true }),
    ...(ca !== undefined && { tlsOptions: { ca } }),
    retryOptions: { maxRetries: 1, retryDelayInMs: 300 },
  };
  switch (entra.kind) {
    case "managed_identity":
      return entra.clientId === null
        ? new ManagedIdentityCredential(common)
        : new ManagedIdentityCredential({ ...common, clientId: entra.clientId });
    case "workload_identity": {
      const { tenantId, clientId } = entra;
      const tokenFile = federatedTokenFile === undefined ? {} : { tokenFilePath: federatedTokenFile };
      return new WorkloadIdentityCredential({ ...common, tenantId, clientId, ...tokenFile });
    }
    case "client_secret":
      return new ClientSecretCredential(entra.tenantId, entra.clientId, entra.clientSecret, common);
  }
}
