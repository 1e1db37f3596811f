// Reading the members of a JSON object that a stranger sent, the mirror of proof/fields.py.

import { canonicalText, type Json, type JsonObject } from "./canonical.ts";
import { InvalidInput } from "./errors.ts";

const TIMESTAMP =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

type Kinds = { "an object": JsonObject; "a list": Json[]; "a string": string; "an integer": number };

/** Whether the object itself has a member of that name. */
export function has(document: JsonObject, name: string): boolean {
  return Object.prototype.hasOwnProperty.call(document, name);
}

/** The member of that name, or null when there is none. */
export function get(document: JsonObject, name: string): Json {
  return has(document, name) ? document[name]! : null;
}

/** The members in the order of their canonical text; JavaScript puts names that are numbers first. */
export function membersOf(document: JsonObject): readonly (readonly [string, Json])[] {
  return Object.keys(document)
    .sort()
    .map((name) => [name, document[name]!]);
}

/** The object without one member. */
export function without(document: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== name));
}

/** Whether a value is a JSON object. */
export function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an integer to the eye: from 10^21 on, canonical JSON writes an exponent. */
export function isInteger(value: Json): value is number {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 1e21;
}

function isKind(value: Json, kind: keyof Kinds): boolean {
  if (kind === "an object") return isObject(value);
  if (kind === "a list") return Array.isArray(value);
  if (kind === "a string") return typeof value === "string";
  return isInteger(value);
}

/** The member of that name, which must be of that kind. Throws InvalidInput naming its path. */
export function member<K extends keyof Kinds>(document: JsonObject, name: string, kind: K, path: string): Kinds[K] {
  if (!has(document, name)) throw new InvalidInput("is missing", `${path}.${name}`);
  const value = document[name]!;
  if (!isKind(value, kind)) throw new InvalidInput(`expected ${kind}, got ${shown(value)}`, `${path}.${name}`);
  return value as Kinds[K];
}

/** Refuse members that nothing checks. Throws InvalidInput naming the first one. */
export function onlyMembers(document: JsonObject, names: readonly string[], path: string): void {
  const unknown = Object.keys(document)
    .filter((name) => !names.includes(name))
    .sort(byCodePoint)[0];
  if (unknown !== undefined) {
    throw new InvalidInput(`unknown member; allowed are ${[...names].sort().join(", ")}`, `${path}.${unknown}`);
  }
}

/** Whether a text has more characters than that; JavaScript counts those beyond the 16-bit ones twice. */
export function isLonger(text: string, most: number): boolean {
  return text.length > 2 * most || (text.length > most && Array.from(text).length > most);
}

/** Order by code points, as other languages sort; JavaScript sorts by UTF-16 code units. */
export function byCodePoint(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
    if (difference) return difference;
  }
  return left.length - right.length;
}

/** A count, index or place: an integer from 0 to 2^53 - 1. */
export function placeOf(document: JsonObject, name: string, path: string): number {
  const value = member(document, name, "an integer", path);
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
    throw new InvalidInput(`expected an integer from 0 to 2^53 - 1, got ${value}`, `${path}.${name}`);
  }
  return value;
}

/** An RFC 3339 time in UTC, written with `Z`. */
export function timestamp(document: JsonObject, name: string, path: string): string {
  const value = member(document, name, "a string", path);
  if (value.length > 30 || !TIMESTAMP.test(value)) {
    throw new InvalidInput(`expected a UTC time such as 2026-01-31T12:00:00Z, got ${shown(value)}`, `${path}.${name}`);
  }
  return value;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(128).fill(-1);
Array.from(ALPHABET, (character, value) => (VALUES[character.charCodeAt(0)] = value));

/** The bytes of a base64 member in its one spelling, of exactly `size` bytes when given. */
export function fromBase64(document: JsonObject, name: string, path: string, size?: number): Uint8Array {
  const data = base64Bytes(member(document, name, "a string", path));
  if (data === null) {
    throw new InvalidInput("not base64 in its canonical spelling (RFC 4648 §4)", `${path}.${name}`);
  }
  if (size !== undefined && data.length !== size) {
    throw new InvalidInput(`expected ${size} bytes, got ${data.length}`, `${path}.${name}`);
  }
  return data;
}

/** The bytes of base64url without padding, in its one canonical spelling (RFC 4648 §5, §3.5). */
export function fromBase64Url(text: string, path: string): Uint8Array {
  if (!text || /[^A-Za-z0-9_-]/.test(text) || text.length % 4 === 1) throw new InvalidInput("not base64url", path);
  const data = base64Bytes(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat(-text.length & 3));
  if (data === null) throw new InvalidInput("not the canonical base64url of its bytes", path);
  return data;
}

function base64Bytes(text: string): Uint8Array | null {
  if (text.length % 4) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const data = new Uint8Array((text.length / 4) * 3 - padding);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < digits; index++) {
    const value = VALUES[text.charCodeAt(index)] ?? -1;
    if (value < 0) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      data[at++] = held >> bits;
    }
  }
  // What the last digit holds beyond the last byte must be zero: one spelling for one array of bytes.
  return held & ((1 << bits) - 1) ? null : data;
}

/** A value as an error text shows it: canonical JSON, cut short, the same in every implementation. */
export function shown(value: Json): string {
  const text = canonicalText(value);
  if (text.length <= 60) return text;
  const characters = Array.from(text);
  return characters.length <= 60 ? text : `${characters.slice(0, 57).join("")}...`;
}
