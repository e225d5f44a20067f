/** The user name of a CONNECT: `{hub}/{device}[/{module}]/?api-version=…&…`, or older without the question mark. */

export interface UserName {
  /** What the client calls the hub, lower case and without a port. */
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Of IoT plug and play. */
  readonly modelId?: string;
}

const FORM = /^([^/]+)\/([^/]+?)(?:\/([^/]+))??\/(?:\?(.*)|(api-version=.*))$/s;

/** `undefined` when the text is not of that form. Host and ids are not encoded; the parameters are. */
export function parseUserName(text: string): UserName | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, host = "", deviceId = "", moduleId, newer, older = ""] = match;
  const parameters = new URLSearchParams(newer ?? older);
  const modelId = parameters.get("model-id") ?? "";
  if (!parameters.get("api-version")) return undefined;
  return {
    hostName: host.toLowerCase().replace(/:\d+$/, ""),
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(modelId === "" ? {} : { modelId }),
  };
}
