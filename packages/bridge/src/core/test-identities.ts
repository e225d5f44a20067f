/**
 * The port to identities that exist in hubs only because of a TEST that is under way. They are noted before they are made, so
 * that one whose removal was not answered, or that a crash left behind, is removed later.
 */
export interface TestIdentity {
  readonly connectionId: string;
  /** In the hub. */
  readonly deviceId: string;
}

export interface TestIdentities {
  noteTestIdentity(identity: TestIdentity): Promise<void>;
  forgetTestIdentity(identity: TestIdentity): Promise<void>;
  /** Oldest first, those of connections that are still there. */
  testIdentities(limit: number): Promise<readonly TestIdentity[]>;
}
