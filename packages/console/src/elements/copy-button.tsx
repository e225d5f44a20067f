import { Button, type ButtonProps } from "@mantine/core";
import { useState } from "react";
import { copyText } from "./copy-text.ts";

const SHOWN_MS = 1_500;
const LABELS = { ready: "Copy", copied: "Copied", failed: "Select it by hand" } as const;

/** `what` names the copied thing for those who do not see the button's place: "the connection string". */
export function CopyButton({ text, what, ...rest }: { readonly text: string; readonly what: string } & ButtonProps) {
  const [state, setState] = useState<keyof typeof LABELS>("ready");

  async function copy(): Promise<void> {
    setState((await copyText(text)) ? "copied" : "failed");
    setTimeout(() => setState("ready"), SHOWN_MS);
  }

  return (
    <Button
      variant="default"
      size="compact-xs"
      {...rest}
      aria-label={`${LABELS[state]}: ${what}`}
      onClick={() => void copy()}
    >
      {LABELS[state]}
    </Button>
  );
}
