import { Kbd, TextInput, type TextInputProps } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";

/**
 * The search of a page: `/` leads to it. Calls `onSearch` when typing pauses. It keeps its focus and what is typed
 * meanwhile; another search from outside (the back button, “Show all”) stands in it.
 */
export function SearchInput({
  label,
  initial = "",
  onSearch,
  ...rest
}: { readonly label: string; readonly initial?: string; readonly onSearch: (text: string) => void } & Omit<
  TextInputProps,
  "onChange" | "value" | "label"
>) {
  const [text, setText] = useState(initial);
  // What the page has said last, and what was said to it.
  const [heard, setHeard] = useState(initial);
  const [told, setTold] = useState(initial.trim());
  const search = useDebouncedCallback((typed: string) => {
    setTold(typed.trim());
    onSearch(typed);
  }, 250);
  if (initial !== heard) {
    setHeard(initial);
    setTold(initial.trim());
    if (initial.trim() !== told) setText(initial);
  }
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      data-page-search
      rightSection={<Kbd size="xs">/</Kbd>}
      {...rest}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
    />
  );
}
