import { useEffect } from "react";

const LOOK_MS = 3_000;
/** A page that fails again right after it was loaded anew is left to the person in front of it. */
const AGAIN_AFTER_MS = 60_000;
const RELOADED_AT = "isthmus.reloaded-at";

/** Loads the console again as soon as the server answers: a part that could not be loaded is not asked for twice. */
export function ReloadWhenBack() {
  useEffect(() => {
    const timer = setInterval(() => void lookAgain(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return null;
}

async function lookAgain(): Promise<void> {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED_AT) ?? 0) < AGAIN_AFTER_MS) return;
  const answer = await fetch("/console/", { cache: "no-store" }).catch(() => null);
  if (answer === null || !answer.ok) return;
  sessionStorage.setItem(RELOADED_AT, String(Date.now()));
  window.location.reload();
}
