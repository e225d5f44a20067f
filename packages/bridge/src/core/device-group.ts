/** A name by which some of a product's devices are found. */
export interface DeviceGroup {
  /** Lower-case letters, digits, `-` and `_`; unique in the product. */
  readonly name: string;
  readonly description: string;
  readonly deviceCount: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
}
