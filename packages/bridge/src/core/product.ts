/** A fleet: devices and integrations of its own. Seen through Para's API it is an app. */
export interface Product {
  /** The numeric id that Particle's clients show. */
  readonly id: number;
  /** Lower-case name for URLs, unique. */
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly ownerId: string;
  /** Devices that appear by themselves wait for approval; otherwise they are approved. */
  readonly quarantine: boolean;
  readonly createdAt: number;
}
