import { Kbd, TextInput, type TextInputProps } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";

/** The search of a page: `/` leads to it. Calls `onSearch` when typing pauses. */
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
  const search = useDebouncedCallback(onSearch, 250);
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
