let last: string | null = null;
let navigated = false;

/** Notes where the console is; whether that is another page than before. Tabs of a page are the same page. */
export function noteLocation(location: string): boolean {
  const page = location.split("/").slice(0, 3).join("/");
  const changed = last !== null && last !== page;
  last = page;
  navigated ||= changed;
  return changed;
}

/** Whether the console was moved in since it was opened. */
export function hasNavigated(): boolean {
  return navigated;
}
