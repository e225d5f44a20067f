/** The server allows style elements with this mark only. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}

/** Dialogs keep the page behind them still with a style element of their own, which asks for its mark under this name. */
export function markStyles(): void {
  Object.assign(globalThis, { __webpack_nonce__: styleNonce() });
}
