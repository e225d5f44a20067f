/** The policy and keys as they stand in the form, and what of it is to be changed. */
export interface KeyFields {
  readonly policyName: string;
  /** New ones; empty: the stored ones stay. */
  readonly primary: string;
  readonly secondary: string;
}

/** Fields of the API; a connection string brings its policy along. */
export function changedKeys(
  { policyName, primary, secondary }: KeyFields,
  stored: string,
): Readonly<Record<string, string>> {
  const named = policyName.trim();
  const isString = primary.includes("SharedAccessKey=");
  return {
    ...(named !== "" && named !== stored && { policy_name: named }),
    // Where the string names another policy, that is the one that is meant.
    ...(isString && named === stored && { policy_name: policyIn(primary) ?? stored }),
    ...(primary.trim() !== "" && { policy_key: primary.trim() }),
    ...(secondary.trim() !== "" && { secondary_policy_key: secondary.trim() }),
  };
}

function policyIn(connectionString: string): string | null {
  return /(?:^|;)\s*SharedAccessKeyName=([^;]*)/i.exec(connectionString)?.[1]?.trim() ?? null;
}
