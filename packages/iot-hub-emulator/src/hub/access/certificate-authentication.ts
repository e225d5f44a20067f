/** Who a client certificate stands for: the device or module it says it is, when the registry agrees. */
import type { X509Certificate } from "node:crypto";
import { unauthorized } from "./authentication.ts";
import type { Principal } from "./authentication.ts";
import type { CertificateAuthorities } from "./certificate-authorities.ts";
import { chainsTo, commonNameOf, hasRegisteredThumbprint, isValidAt } from "./certificate-chain.ts";
import { identityKey } from "../registry/identity.ts";
import type { DeviceAuthentication, DeviceIdentity } from "../registry/identity.ts";

export interface CertificateContext {
  readonly authorities: CertificateAuthorities;
  readonly findIdentity: (deviceId: string, moduleId?: string) => DeviceIdentity | undefined;
  readonly now: () => number;
}

interface Claim {
  readonly context: CertificateContext;
  /** Leaf first, at least one. */
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
  readonly authentication: DeviceAuthentication;
  /** What the common name of a certificate of an authority must be. */
  readonly name: string;
}

type Check = (claim: Claim) => string | undefined;

/** What is wrong with a claim, by the kind of authentication the identity has. */
const CHECKS: Readonly<Record<DeviceAuthentication["type"], Check>> = {
  sas: () => "The identity is registered to sign in by symmetric key.",
  none: () => "The identity is registered without a way to sign in.",
  selfSigned: ({ context, certificates: [leaf], authentication: { x509Thumbprint } }) => {
    if (!hasRegisteredThumbprint(leaf, x509Thumbprint))
      return "The certificate has neither of the registered thumbprints.";
    return isValidAt(leaf, context.now()) ? undefined : "The certificate is not valid at this time.";
  },
  certificateAuthority: ({ context, certificates, name }) => {
    const own = commonNameOf(certificates[0]);
    if (own !== name) return `The certificate's common name must be ${name}; it is ${own ?? "absent"}.`;
    return chainsTo(context.authorities.certificates, certificates, context.now())
      ? undefined
      : "The certificate does not lead to a certificate authority of this hub, or is not valid at this time.";
  },
};

/** Throws `IotHubUnauthorizedAccess`. The registry's `status` is judged later, as for keys. */
export function authenticateCertificate(
  context: CertificateContext,
  certificates: readonly X509Certificate[],
  deviceId: string,
  moduleId?: string,
): Principal {
  const [leaf, ...issuers] = certificates;
  if (leaf === undefined) throw unauthorized("There is neither a shared access signature nor a client certificate.");
  const identity = context.findIdentity(deviceId, moduleId);
  if (identity === undefined) throw unauthorized("The device is unknown or the certificate is not its own.");
  const { authentication, generationId } = identity;
  const name = identityKey(identity);
  const problem = CHECKS[authentication.type]({ context, certificates: [leaf, ...issuers], authentication, name });
  if (problem !== undefined) throw unauthorized(problem);
  return {
    kind: "device",
    authentication: "x509",
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    generationId,
    certificate: leaf,
    expiresAt: Date.parse(leaf.validTo),
  };
}
