/** What `serve` prints when it is ready: where to click first, then every address, each on a line of its own. */
import type { FirstRun } from "../first-run.ts";
import type { ParaSettings } from "../para-settings.ts";
import { colors as pc } from "./colors.ts";

export interface BannerContent {
  readonly firstRun: FirstRun;
  /** The data folder. */
  readonly folder: string;
  readonly hasConsole: boolean;
  readonly showSecrets: boolean;
  /** Which hub mirrors Things. */
  readonly para: Pick<ParaSettings, "iotEnabled" | "hub">;
  /** Path of a link that signs in; `null`: there is none. */
  readonly signInPath: string | null;
}

type Line = readonly [name: string, text: string];

const NAME_WIDTH = 15;

export function banner(content: BannerContent): string {
  const { firstRun, folder, hasConsole, signInPath } = content;
  const { url } = firstRun;
  const lines: readonly Line[] = [
    ...(signInPath === null ? [] : [["open this once", pc.bold(pc.cyan(url + signInPath))] as const]),
    ...(hasConsole ? [["console", `${pc.cyan(`${url}/console/`)}${freshLinkHint(content)}`] as const] : []),
    ["API", pc.cyan(url)],
    ...deviceLines(firstRun),
    ...secretLines(content),
    ...localHubLines(content),
    ["Things", thingsText(content)],
    ["kept in", `${folder}${pc.dim(" (all of this is in first-run.json there)")}`],
  ];
  const text = lines.map(([name, value]) => `  ${name.padEnd(NAME_WIDTH)}${value}\n`).join("");
  return `${pc.bold("Isthmus is running.")}\n${text}\n`;
}

function freshLinkHint({ signInPath }: BannerContent): string {
  return signInPath === null ? pc.dim("  (isthmus console prints a link that signs in)") : "";
}

function deviceLines({ mqttUrl, mqttsUrl }: FirstRun): readonly Line[] {
  const addresses = [mqttUrl, mqttsUrl].filter((address) => address !== undefined);
  return addresses.length === 0 ? [] : [["MQTT", pc.cyan(addresses.join(", "))]];
}

function secretLines({ firstRun, showSecrets }: BannerContent): readonly Line[] {
  if (!showSecrets) return [];
  const { username, password, accessToken, para } = firstRun;
  return [
    ["sign in", `${username}  password ${password}`],
    ["access token", accessToken],
    ["Para's clients", `access key ${para.accessKey}  secret key ${para.secretKey}`],
  ];
}

/** Which hub mirrors them, and by which setting. */
function thingsText({ para: { iotEnabled, hub }, firstRun: { localHub } }: BannerContent): string {
  if (!iotEnabled) return "switched off by para.iot_enabled";
  if (hub !== null)
    return `in ${hub.hostName}${pc.dim(" (para.azure.iot_hostname), unless their product names a hub")}`;
  if (localHub !== undefined) return `in the Local Hub${pc.dim(", unless their product names a hub")}`;
  return `where their product names a hub${pc.dim(" (isthmus things settings PRODUCT --hub HUB, or para.azure.*)")}`;
}

function localHubLines({ firstRun: { localHub }, showSecrets }: BannerContent): readonly Line[] {
  if (localHub === undefined) return [];
  const { hostName, httpsPort, amqpsPort, mqttsPort, connectionString, caFile } = localHub;
  return [
    ["Local Hub", `${pc.cyan(`https://${hostName}:${httpsPort}/`)}, AMQPS ${amqpsPort}, MQTTS ${mqttsPort}`],
    ...(showSecrets ? [["", connectionString] as const] : []),
    ["trust its CA", `NODE_EXTRA_CA_CERTS=${caFile}`],
  ];
}
