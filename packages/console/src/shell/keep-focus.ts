/** Focus stays where somebody works by keyboard, though what they have pressed is disabled or goes away. */
const SETTLED_MS = 150;
/** Where what is gone was, from the inside out. */
const PLACES = "[role=dialog], section, [role=region], main";

let last: HTMLElement | null = null;
let places: readonly HTMLElement[] = [];
let lost: HTMLElement | null = null;
let waiting: ReturnType<typeof setTimeout> | undefined;

/**
 * A button is disabled while it works, and the browser takes the focus from what is disabled: it has the focus again as
 * soon as it can be pressed. When what had the focus is gone, the heading of its place gets it.
 */
export function keepFocus(): void {
  document.addEventListener("focusin", ({ target }) => {
    last = target instanceof HTMLElement ? target : null;
    places = last === null ? [] : placesAround(last);
    lost = null;
  });
  // Who points goes on with the pointer.
  document.addEventListener("pointerdown", () => (lost = null));
  new MutationObserver(look).observe(document.documentElement, {
    subtree: true,
    childList: true,
    attributeFilter: ["disabled"],
  });
}

function look(): void {
  if (last === null) return;
  if (!last.isConnected) {
    // Dialogs that close and pages that open find a place of their own first.
    clearTimeout(waiting);
    waiting = setTimeout(focusPlace, SETTLED_MS);
    last = null;
    return;
  }
  if (last.matches(":disabled")) lost = last;
  if (lost === null || lost.matches(":disabled")) return;
  if (isNowhere()) lost.focus({ preventScroll: true });
  lost = null;
}

function focusPlace(): void {
  const place = places.find((one) => one.isConnected);
  if (!isNowhere() || place === undefined) return;
  const heading = place.querySelector<HTMLElement>("h1, h2, h3") ?? place;
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function placesAround(element: HTMLElement): readonly HTMLElement[] {
  const place = element.parentElement?.closest<HTMLElement>(PLACES) ?? null;
  return place === null ? [] : [place, ...placesAround(place)];
}

function isNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
