/** What an integration will do, in a sentence, while its form is filled in. */
export function purposeInWords({
  event,
  device,
  product,
  target,
}: {
  readonly event: string;
  /** Empty: any. */
  readonly device: string;
  /** Its name; `null`: the sandbox. */
  readonly product: string | null;
  readonly target: string;
}): string {
  const which = event === "" ? "Events" : `Every event whose name begins with “${event}”`;
  const from =
    product !== null
      ? `any approved device of ${product}`
      : device.trim() === ""
        ? "any of your devices"
        : `the device ${device.trim()}`;
  return `${which} from ${from} ${event === "" ? "go" : "goes"} to ${target}.`;
}
