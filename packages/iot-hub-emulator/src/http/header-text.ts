/** Text of messages as HTTP headers can carry it: what is no visible ASCII becomes percent-encoded UTF-8. */

export function headerValue(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e]+/g, percentEncoded);
}

/** A header's name may hold less than its value. */
export function headerName(text: string): string {
  return text.replaceAll(/[^\w!#$%&'*+.^`|~-]+/g, percentEncoded);
}

// By hand, because encodeURIComponent leaves parentheses as they are and throws on half a surrogate pair.
function percentEncoded(text: string): string {
  return Buffer.from(text).toString("hex").toUpperCase().replaceAll(/../g, "%$&");
}
