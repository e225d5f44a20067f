/** What somebody pastes when asked for a hub: told apart, so that the wrong one is named instead of refused later. */

export type ConnectionText =
  | { readonly kind: "policy"; readonly hubName: string; readonly policyName: string; readonly policyKey: string }
  | { readonly kind: "host"; readonly hubName: string }
  /** Something else, and what to paste instead. */
  | { readonly kind: "other"; readonly message: string };

const WHERE = "Azure portal > your IoT Hub > Shared access policies > the policy > Primary connection string";

/** `null` for blanks. */
export function readConnectionText(text: string): ConnectionText | null {
  const trimmed = text.trim().replaceAll(/^["']|["']$/g, "");
  if (trimmed === "") return null;
  if (/^[a-z0-9][a-z0-9.-]*$/i.test(trimmed)) return { kind: "host", hubName: trimmed };
  const parts = partsOf(trimmed);
  const has = (name: string): boolean => parts.has(name);
  if (has("endpoint")) {
    return other(
      `This is the string of the Event Hubs-compatible endpoint, where messages are read. To send, ${from()}`,
    );
  }
  if (has("deviceid")) {
    return other(
      `This is the string of the one device ${parts.get("deviceid")}. All devices send through a policy: ${from()}`,
    );
  }
  if (has("sharedaccesssignature") || /^SharedAccessSignature\s/i.test(trimmed)) {
    return other(`This is a token, which ends after a while. The policy's key makes new ones: ${from()}`);
  }
  if (has("accountname") || has("accountkey"))
    return other(`This is the string of a storage account. Instead, ${from()}`);
  const [hubName, policyName, policyKey] = ["hostname", "sharedaccesskeyname", "sharedaccesskey"].map((n) =>
    parts.get(n),
  );
  if (hubName && policyName && policyKey) return { kind: "policy", hubName, policyName, policyKey };
  if (parts.size === 0) return other(`This is no connection string. ${capital(from())}`);
  const missing = [
    [hubName, "HostName"],
    [policyName, "SharedAccessKeyName"],
    [policyKey, "SharedAccessKey"],
  ].flatMap(([value, name]) => (value ? [] : [name]));
  return other(`This connection string is not whole: ${missing.join(" and ")} is missing. Copy all of it.`);
}

function partsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(";").flatMap((part) => {
    const at = part.indexOf("=");
    return at <= 0 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const];
  });
  return new Map(pairs);
}

function from(): string {
  return `paste the one under ${WHERE}.`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function other(message: string): ConnectionText {
  return { kind: "other", message };
}
