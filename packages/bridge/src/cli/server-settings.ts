/** Where the server is and who is asking: flags, then environment, then what the server wrote at its first start. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { wrongUsage } from "./command-failure.ts";

export interface ServerSettings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

interface Given {
  readonly url?: string;
  readonly token?: string;
}

/** Throws wrong usage when an address or token is nowhere to be found. */
export function serverSettings(flags: Given, env: Readonly<Record<string, string | undefined>>): ServerSettings {
  const firstRun = readFirstRun(env["ISTHMUS_DATA"] || "./data");
  const chosen = flags.url ?? env["ISTHMUS_URL"];
  const url = withoutSlash(chosen ?? firstRun.url);
  if (url === undefined) {
    throw wrongUsage("No server address.", "Give --url or ISTHMUS_URL, or ISTHMUS_DATA with the server's data folder.");
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw wrongUsage("The server address must begin with http:// or https://.");
  }
  // The first start's token is for that server only: another one must not get to see it.
  const ownToken = url === withoutSlash(firstRun.url) ? firstRun.token : undefined;
  const token = flags.token ?? env["ISTHMUS_TOKEN"] ?? ownToken;
  if (token === undefined || token === "") {
    throw wrongUsage("No access token for this server.", "Give ISTHMUS_TOKEN or --token.");
  }
  return { url, token };
}

function readFirstRun(folder: string): Given {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, "first-run.json"), "utf8"));
    const { url, accessToken } = content as Record<string, unknown>;
    return {
      ...(typeof url === "string" && { url }),
      ...(typeof accessToken === "string" && { token: accessToken }),
    };
  } catch {
    return {};
  }
}

function withoutSlash(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, "");
}
