import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

const DELAY_MS = 300;
const EDGE = 8;
const FOCUSABLE = "a, button, input, [tabindex]";

interface Place {
  readonly left: number;
  readonly top: number;
}

/**
 * More words about what it stands around, on hover, focus and touch; Escape takes them away. They are in the browser's top
 * layer, so that no table cuts them off. What it stands around must be focusable.
 */
export function Hint({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  const [place, setPlace] = useState<Place | null>(null);
  const around = useRef<HTMLSpanElement>(null);
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  useEffect(() => () => clearTimeout(waiting.current), []);
  const isShown = place !== null;
  useEffect(() => {
    // What has the focus is described, not the span around it.
    const described = around.current?.querySelector(FOCUSABLE);
    if (!isShown || described == null || described.hasAttribute("aria-describedby")) return undefined;
    described.setAttribute("aria-describedby", id);
    return () => described.removeAttribute("aria-describedby");
  }, [isShown, id]);

  function showSoon(): void {
    clearTimeout(waiting.current);
    waiting.current = setTimeout(() => {
      const box = around.current?.getBoundingClientRect();
      if (box !== undefined) setPlace({ left: box.left, top: box.bottom });
    }, DELAY_MS);
  }

  function hide(): void {
    clearTimeout(waiting.current);
    setPlace(null);
  }

  function hideOnEscape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || place === null) return;
    // The dialog around it stays open.
    event.stopPropagation();
    hide();
  }

  return (
    <span
      ref={around}
      role="presentation"
      onMouseEnter={showSoon}
      onMouseLeave={hide}
      onFocus={showSoon}
      onBlur={hide}
      onKeyDown={hideOnEscape}
    >
      {children}
      {place !== null && <Bubble id={id} text={text} {...place} />}
    </span>
  );
}

function Bubble({ id, text, left, top }: Place & { readonly id: string; readonly text: string }) {
  const bubble = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = bubble.current;
    if (element === null) return;
    element.showPopover?.();
    // Known only now: its size.
    const { width, height } = element.getBoundingClientRect();
    element.style.left = `${Math.max(EDGE, Math.min(left, window.innerWidth - width - EDGE))}px`;
    if (top + height > window.innerHeight)
      element.style.top = `${Math.max(EDGE, window.innerHeight - height - EDGE)}px`;
  }, [left, top]);
  return (
    <span ref={bubble} id={id} role="tooltip" popover="manual" className="hint foreign" style={{ left, top }}>
      {text}
    </span>
  );
}
