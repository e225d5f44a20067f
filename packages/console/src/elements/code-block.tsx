import { Box, Code } from "@mantine/core";
import { CopyButton } from "./copy-button.tsx";

/** Text to read and copy: a command, a body, an exchange. Inert, whatever it says. */
export function CodeBlock({
  text,
  what,
  maxHeight = 360,
}: {
  readonly text: string;
  /** What the copy button copies: "the command". */
  readonly what: string;
  readonly maxHeight?: number;
}) {
  return (
    <Box pos="relative">
      <Box pos="absolute" top={6} right={6}>
        <CopyButton text={text} what={what} />
      </Box>
      <Code
        block
        tabIndex={0}
        role="region"
        aria-label={what}
        mah={maxHeight}
        pr={72}
        style={{ overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
      >
        {text}
      </Code>
    </Box>
  );
}
