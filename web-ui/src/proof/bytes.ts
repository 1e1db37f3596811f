// What Python's `bytes` does by itself.

export const EMPTY = new Uint8Array(0);

const UTF8 = new TextEncoder();
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text without lone surrogates. */
export function utf8(text: string): Uint8Array {
  return UTF8.encode(text);
}

/** The text of UTF-8 bytes. Throws TypeError when they are none. */
export function fromUtf8(bytes: Uint8Array): string {
  return STRICT.decode(bytes);
}

/** One array after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether both hold the same bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at++) text += PAIRS[bytes[at]!];
  return text;
}

/** The bytes of hex digits, two a byte; the caller has checked that they are. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** A copy, back to front. */
export function reversed(bytes: Uint8Array): Uint8Array {
  return bytes.slice().reverse();
}

/** A little-endian unsigned integer. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  if (bytes.length <= 4) {
    let small = 0;
    for (let at = bytes.length - 1; at >= 0; at--) small = small * 256 + bytes[at]!;
    return BigInt(small);
  }
  return BigInt(`0x${hex(reversed(bytes))}`);
}

/** Where a byte stands from `start` on, or -1. */
export function indexOf(bytes: Uint8Array, byte: number, start: number): number {
  return bytes.indexOf(byte, start);
}
