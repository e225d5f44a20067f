/**
 * The SASL layer: ANONYMOUS and MSSBCBS leave authentication to $cbs, PLAIN carries one token or key for the whole connection,
 * EXTERNAL points to the certificate shown in TLS. Clients may also leave SASL out.
 */
import type { Hub } from "../../hub/hub.ts";
import { identityKey } from "../../hub/registry/identity.ts";
import { unauthorized } from "../../hub/access/authentication.ts";
import type { Principal } from "../../hub/access/authentication.ts";
import type { SaslInit } from "../../amqp-codec/performatives.ts";

/** What is offered to a client that has shown a certificate, or has not. */
export function mechanisms(hasCertificate: boolean): readonly string[] {
  return [...(hasCertificate ? ["EXTERNAL"] : []), "ANONYMOUS", "PLAIN", "MSSBCBS"];
}

/** What a client may do after SASL: everything it brings tokens for, or what its password gave it. */
export type SaslResult = { readonly principal?: Principal };

/** Judges a sasl-init. Throws `IotHubUnauthorizedAccess`. */
export function authenticateSasl(hub: Hub, { mechanism, response }: SaslInit, hasCertificate: boolean): SaslResult {
  switch (mechanism.toUpperCase()) {
    case "EXTERNAL":
      if (!hasCertificate) throw unauthorized("EXTERNAL needs a client certificate.");
      return {};
    case "ANONYMOUS":
    case "MSSBCBS":
      return {};
    case "PLAIN":
      return { principal: authenticatePlain(hub, response) };
    default:
      throw unauthorized(`The mechanism ${mechanism.slice(0, 32)} is not offered.`);
  }
}

// [RFC 4616] authzid NUL authcid NUL passwd; the password is a shared access signature, or for events a policy's key.
function authenticatePlain(hub: Hub, response: Buffer | undefined): Principal {
  const [, user, password] = (response?.toString("utf8") ?? "").split("\0");
  if (user === undefined || password === undefined) throw unauthorized("PLAIN needs a user name and a password.");
  if (!user.includes("@")) return hub.authenticateKey(user, password);
  const principal = authenticateToken(hub, password);
  const account = /^(.*)@sas\.(root\.)?([^@]*)$/i.exec(user);
  if (account === null || account[3]?.toLowerCase().split(".")[0] !== hub.name.toLowerCase()) {
    throw unauthorized("The user name must be {policy}@sas.root.{hub} or {device}@sas.{hub}.");
  }
  const expected = account[2] === undefined ? deviceOf(principal) : policyOf(principal);
  if (expected !== account[1]) throw unauthorized("The user name is not the one that signed the token.");
  return principal;
}

/** What Event Hubs clients sign for: `sb://` in JavaScript and Python, `amqps://` in .NET and Go, `amqp://` in Java. */
const EVENT_HUBS_RESOURCE = /[ &]sr=(?:sb|amqps?)(?::|%3a)(?:\/|%2f){2}/i;

/** Event Hubs clients sign with the key's text, all others with its bytes. Throws `IotHubUnauthorizedAccess`. */
export function authenticateToken(hub: Hub, token: string): Principal {
  const text = EVENT_HUBS_RESOURCE.test(token);
  return hub.authenticate(token, { keyEncoding: text ? "text" : "base64" });
}

function policyOf(principal: Principal): string | undefined {
  return principal.kind === "policy" ? principal.policyName : undefined;
}

// A policy key may sign for one device; the user name then is the device's.
function deviceOf(principal: Principal): string | undefined {
  if (principal.kind === "device") return identityKey(principal);
  return /^[^/]*\/devices\/([^/]+)/.exec(principal.resource)?.[1];
}
