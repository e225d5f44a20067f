/** Para's API as its JavaScript client calls it: signed with aws4, the same options. */
import { sign } from "aws4";
import type { FirstRun } from "./isthmus-process.ts";

export interface ParaKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface ParaAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export async function para(
  { url, para: root }: Pick<FirstRun, "url" | "para">,
  method: string,
  path: string,
  body?: unknown,
  { accessKey, secretKey }: ParaKeys = root,
): Promise<ParaAnswer> {
  const { host } = new URL(url);
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = body === undefined ? {} : { "Content-Type": "application/json; charset=UTF-8" };
  const signed = sign(
    { host, path, method, service: "para", region: "us-east-1", headers, ...text },
    { accessKeyId: accessKey, secretAccessKey: secretKey },
  );
  const answer = await fetch(`${url}${path}`, { method, headers: signed.headers as Record<string, string>, ...text });
  const json = await answer.text();
  return { status: answer.status, body: json === "" ? {} : (JSON.parse(json) as Record<string, unknown>) };
}
