// Canonical JSON (JCS, RFC 8785), the mirror of proof/canonical.py: what ECMAScript writes is the standard's form,
// so only the order of keys, the depth and lone surrogates are ours to mind.

import { fromUtf8, utf8 } from "./bytes.ts";
import { InvalidInput } from "./errors.ts";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

/** Levels of a value; a limit of ours, so that no verdict hangs on how deep a language can recurse. */
export const MAX_DEPTH = 128;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The JCS form of a value that came out of JSON.parse, as text. Throws InvalidInput for what JCS cannot carry. */
export function canonicalText(value: Json, level = 1): string {
  if (level > MAX_DEPTH) throw new InvalidInput(`nested more than ${MAX_DEPTH} deep`);
  if (typeof value === "string") return stringText(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new InvalidInput(`${value} is not a JSON number`);
    return String(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalText(item, level + 1)).join(",")}]`;
  // RFC 8785 §3.2.3: by UTF-16 code units, which is how JavaScript sorts.
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${stringText(name)}:${canonicalText(value[name]!, level + 1)}`).join(",")}}`;
}

function stringText(value: string): string {
  const text = JSON.stringify(value);
  if (text.includes("\\ud") && LONE_SURROGATE.test(value)) throw new InvalidInput("not a JSON value: a lone surrogate");
  return text;
}

/** The JCS form as UTF-8. */
export function canonical(value: Json): Uint8Array {
  return utf8(canonicalText(value));
}

/** The value of a JSON text that must already be in canonical form. Throws InvalidInput when it is not. */
export function parseCanonical(bytes: Uint8Array): Json {
  let text: string;
  let value: Json;
  try {
    text = fromUtf8(bytes);
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new InvalidInput(`not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  if (canonicalText(value) !== text) {
    throw new InvalidInput("not in canonical form (RFC 8785): the bytes differ from the value's canonical text");
  }
  return value;
}
