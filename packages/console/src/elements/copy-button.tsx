import { Button, type ButtonProps } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";

/** `what` names the copied thing for those who do not see the button's place: "the connection string". */
export function CopyButton({ text, what, ...rest }: { readonly text: string; readonly what: string } & ButtonProps) {
  const clipboard = useClipboard({ timeout: 1_500 });
  return (
    <Button
      variant="default"
      size="compact-xs"
      {...rest}
      aria-label={clipboard.copied ? `Copied ${what}` : `Copy ${what}`}
      onClick={() => clipboard.copy(text)}
    >
      {clipboard.copied ? "Copied" : "Copy"}
    </Button>
  );
}
