/** As `hub_name` it stands for the hub that comes with the bridge, in whatever way it is written. */
export function isLocalHub(hubName: string): boolean {
  return hubName.trim().toLowerCase() === "local";
}
