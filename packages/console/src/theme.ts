import { createTheme, type CSSVariablesResolver, type MantineThemeOverride } from "@mantine/core";

/** Dense, calm; the teal of the icon. Colours of text meet WCAG AA on both schemes: see `cssVariables`. */
export const theme: MantineThemeOverride = createTheme({
  primaryColor: "teal",
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: "sm",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace",
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: { sizes: { h1: { fontSize: "1.375rem" }, h2: { fontSize: "1.0625rem" }, h3: { fontSize: "0.9375rem" } } },
  cursorType: "pointer",
  components: {
    // Within a sentence colour alone does not tell a link; console.css keeps the line quiet.
    Anchor: { defaultProps: { underline: "always" } },
    TextInput: { defaultProps: { size: "sm" } },
    Button: { defaultProps: { size: "xs" } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: "sm" } },
    // A dialog's header is no landmark of the page.
    Modal: {
      defaultProps: {
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        attributes: { header: { role: "presentation" } },
      },
    },
    // What explains a field stands below it, so that fields beside each other are on one line.
    InputWrapper: { defaultProps: { inputWrapperOrder: ["label", "input", "description", "error"] } },
  },
});

/** Mantine's dimmed text and some of its colours miss 4.5:1 on white or on the dark body; these are darker and lighter. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-teal-light-color": "#05634a",
    // Titles of notes.
    "--mantine-color-yellow-light-color": "#7a4d00",
    "--mantine-color-red-light-color": "#b02525",
    "--mantine-color-gray-light-color": "#495057",
    "--mantine-color-anchor": "#087f5b",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-placeholder": "#6b7278",
    "--isthmus-good": "#067052",
    "--isthmus-wait": "#8a5a00",
    "--isthmus-bad": "#c92a2a",
    "--isthmus-surface": "#f8f9fa",
    "--isthmus-line": "#dee2e6",
    "--mantine-color-red-light": "#fff0f0",
    "--mantine-color-yellow-light": "#fff6dc",
  },
  dark: {
    "--mantine-color-dimmed": "#a6adb4",
    "--mantine-color-anchor": "#63e6be",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-placeholder": "#8f969d",
    "--isthmus-good": "#63e6be",
    "--isthmus-wait": "#ffd43b",
    "--isthmus-bad": "#ff8787",
    "--isthmus-surface": "#2a2b2e",
    "--isthmus-line": "#424549",
    // Grounds of notes: calmer than what Mantine mixes for a dark page.
    "--mantine-color-red-light": "#3b2628",
    "--mantine-color-red-light-color": "#ffa8a8",
    "--mantine-color-yellow-light": "#37301f",
    "--mantine-color-yellow-light-color": "#ffe066",
  },
});
