/** What a user may write as `hub_name`, and which host it means. */

/** The Local Hub's name in place of a host. */
export const LOCAL_HUB = "local";

const BARE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const FULL_NAME = /^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{1,62}$/;

export type HubHost =
  | { readonly ok: true; readonly hostName: string }
  /** `message`: what follows after the field's name. */
  | { readonly ok: false; readonly message: string };

/** A bare name is a hub of Azure's public cloud; a name with a dot is a full host name; `listed` names count as they are. */
export function hubHost(hubName: string, listed: readonly string[] = []): HubHost {
  const name = hubName.trim().toLowerCase();
  if (name === LOCAL_HUB || listed.includes(name)) return { ok: true, hostName: name };
  if (name === "localhost") {
    return { ok: false, message: "'localhost' is no hub of Azure's: write 'local' for the Local Hub" };
  }
  if (BARE_NAME.test(name)) return { ok: true, hostName: `${name}.azure-devices.net` };
  if (FULL_NAME.test(name)) return { ok: true, hostName: name };
  return {
    ok: false,
    message: "must be a hub's bare name (my-hub), its full host name (my-hub.azure-devices.net) or 'local'",
  };
}

/** Whether the host is a hub of one of Azure's clouds. */
export function isAzureHub(hostName: string): boolean {
  return /\.azure-devices\.(?:net|us|cn)$/.test(hostName);
}
