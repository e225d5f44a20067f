/** Which headers and query fields are taken for secrets when a webhook is shown: by their names, since values tell nothing. */

/** What is shown in place of a secret; sent back, it means: keep the stored one. */
export const MASKED = "********";

const SECRET = /auth|cookie|credential|key|pass|secret|session|signature|sig$|token|^code$/i;

export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}
