/** Microsoft Entra's token endpoint as a test wants it, over HTTPS on this machine. */
import { onTestFinished } from "vitest";
import { makeTestCertificate } from "./certificate.ts";
import { startRestStandIn } from "./rest-stand-in.ts";
import type { RestAnswer, RestStandIn } from "./rest-stand-in.ts";

export interface EntraStandIn {
  readonly authority: string;
  readonly ca: string;
  /** Forms that were posted for a token. */
  readonly asked: URLSearchParams[];
  /** May be changed while it runs. */
  answer: (form: URLSearchParams) => RestAnswer;
}

export const TENANT = "3f8a1c52-7c1e-4d52-9b0e-2f6d3f1f9a10";

export function tokenAnswer(token: string, seconds: number = 3_600): RestAnswer {
  return { status: 200, body: JSON.stringify({ token_type: "Bearer", expires_in: seconds, access_token: token }) };
}

export function entraRefusal(number: number, words = "No."): RestAnswer {
  const body = { error: "invalid_client", error_description: `AADSTS${number}: ${words}`, error_codes: [number] };
  return { status: 401, body: JSON.stringify(body) };
}

/** Closed with the test. */
export async function startEntraStandIn(answer: EntraStandIn["answer"]): Promise<EntraStandIn> {
  const certificate = makeTestCertificate();
  const rest: RestStandIn = await startRestStandIn(certificate, ({ method, url, body }) => {
    if (method === "POST") {
      const form = new URLSearchParams(body);
      standIn.asked.push(form);
      return standIn.answer(form);
    }
    if (!url.includes("openid-configuration")) return { status: 404 };
    const base = `${standIn.authority}/${TENANT}`;
    const found = {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      issuer: `${base}/v2.0`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    };
    return { status: 200, body: JSON.stringify(found) };
  });
  const standIn: EntraStandIn = { authority: `https://localhost:${rest.port}`, ca: certificate.ca, asked: [], answer };
  onTestFinished(() => rest.close());
  return standIn;
}
