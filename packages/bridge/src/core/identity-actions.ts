/** What a plan does about an identity, by where it stands. */
import type { IdentityAction, IdentityClass } from "./hub-identities.ts";

/** `null`: nothing is to be done. */
export function actionFor(identity: {
  readonly class: IdentityClass;
  readonly deviceId: string | null;
}): IdentityAction | null {
  switch (identity.class) {
    case "missing":
      return "create";
    case "unmade":
      return "prepare";
    case "adoptable":
      return "adopt";
    case "conflicting":
      return identity.deviceId === null ? "forget" : "adopt";
    case "gone":
    case "left":
      return "forget";
    case "orphaned":
      return "delete";
    case "made":
    case "adopted":
    case "used":
    case "state":
    case "foreign":
      return null;
  }
}
