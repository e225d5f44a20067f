import { Textarea, type TextareaProps } from "@mantine/core";

const STYLES = { input: { fontFamily: "var(--mantine-font-family-monospace)" } };

/** A field for JSON, templates and data: it grows with what is typed, its letters have one width, no spelling is mended. */
export function CodeInput(props: TextareaProps) {
  return <Textarea autosize spellCheck={false} styles={STYLES} {...props} />;
}
