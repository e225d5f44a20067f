/** The user name of a CONNECT: `{hub}/{device}[/{module}]/?api-version=…&…`, or older without the question mark. */
import { namesId } from "../hub/access/authentication.ts";

export interface UserName {
  /** What the client calls the hub, lower case and without a port. */
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Of IoT plug and play. */
  readonly modelId?: string;
}

const FORM = /^([^/]+)\/([^/]+?)(?:\/([^/]+))??\/(?:\?(.*)|(api-version=.*))$/s;

/**
 * `undefined` when the text is not of that form, or is another's than the client id `{device}[/{module}]` says. The
 * parameters are percent-encoded; ids are not, but some clients do it.
 */
export function parseUserName(text: string, clientId: string): UserName | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, host = "", device = "", module, newer, older = ""] = match;
  const [deviceId = "", moduleId, ...rest] = clientId.split("/");
  const parameters = new URLSearchParams(newer ?? older);
  const modelId = parameters.get("model-id") ?? "";
  if (!parameters.get("api-version") || rest.length > 0 || !namesId(device, deviceId)) return undefined;
  if (moduleId === undefined ? module !== undefined : !namesId(module, moduleId)) return undefined;
  return {
    hostName: host.toLowerCase().replace(/:\d+$/, ""),
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(modelId === "" ? {} : { modelId }),
  };
}
