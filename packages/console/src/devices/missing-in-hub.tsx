import { FailureNote } from "../elements/failure-note.tsx";

/** What to do about a device that somebody deleted in its hub. */
export function MissingInHub() {
  return (
    <FailureNote
      failure={{
        code: "missing_in_hub",
        message: "Somebody deleted its device in the hub.",
        next_step: "Delete it here as well and make a new one, or bring the device back in the hub.",
      }}
    />
  );
}
