// Disclosures of sealed fields: reading them, and putting their values back; the reading half of proof/disclosure.py.

import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "./bytes.ts";
import { canonicalText, type Json, type JsonObject, parseCanonical } from "./canonical.ts";
import { InvalidInput } from "./errors.ts";
import { fromBase64Url, has, isObject, shown } from "./fields.ts";

/** The member that holds the digests. */
const SEALED = "fh:sealed";
const NEVER_SEALED = ["@context", "eventID", "errorDeclaration", SEALED];
const SALT_SIZE = 16;
const DIGEST_SIZE = 32;
const MAX_DEPTH = 100;
const DISCLOSURES = "$.disclosures";
const PLAIN = /^[A-Za-z_@][A-Za-z0-9_:-]*$/;

/** The way to one member: names, and places in lists from 0. */
export type Path = readonly (string | number)[];

/** A value that was put back, and where. */
export interface Disclosed {
  readonly path: Path;
  readonly value: Json;
  readonly text: string;
}

/** An event with what was disclosed in its place, and how many digests are left unopened. */
export interface Opened {
  readonly event: JsonObject;
  readonly disclosed: readonly Disclosed[];
  readonly undisclosed: number;
}

interface Disclosure {
  readonly text: string;
  readonly name: string;
  readonly value: Json;
}

/** The object that has a digest in its list, and where it stands. */
type Held = Map<string, readonly [JsonObject, Path]>;

/** The path as text. */
export function showPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (PLAIN.test(step)) return `${text}.${step}`;
    return step.includes("'") ? `${text}["${step}"]` : `${text}['${step}']`;
  }, "$");
}

/** Put disclosed values back; the event itself is not changed. Throws InvalidInput naming the one that does not fit. */
export function openEvent(event: JsonObject, disclosures: readonly string[]): Opened {
  const opened = disclosures.length ? (JSON.parse(canonicalText(event)) as JsonObject) : event;
  const held: Held = new Map();
  collect(opened, [], held);
  const waiting = readAll(disclosures);
  const ready = [...waiting.keys()].filter((digest) => held.has(digest));
  const touched: JsonObject[] = [];
  const found: Disclosed[] = [];
  const done = new Set<string>();
  for (let digest = ready.pop(); digest !== undefined; digest = ready.pop()) {
    done.add(digest);
    const { text, name, value } = waiting.get(digest)!;
    waiting.delete(digest);
    const [holder, at] = held.get(digest)!;
    const path = [...at, name];
    if (has(holder, name)) throw new InvalidInput(`the event has a member ${showPath(path)} already`, DISCLOSURES);
    if (path.length > MAX_DEPTH) {
      throw new InvalidInput(`discloses members nested deeper than ${MAX_DEPTH}`, DISCLOSURES);
    }
    // Not by assignment, which for the name `__proto__` would do something else.
    Object.defineProperty(holder, name, { value, configurable: true, enumerable: true, writable: true });
    touched.push(holder);
    found.push({ path, value, text });
    // One by one: a stranger's list may be longer than the arguments that an engine takes.
    for (const inner of collect(value, path, held)) if (waiting.has(inner)) ready.push(inner);
  }
  for (const { name } of waiting.values()) {
    throw new InvalidInput(
      `${shown(name)} belongs to no digest of this event: altered, or of another event`,
      DISCLOSURES,
    );
  }
  for (const holder of touched) clear(holder, done);
  found.sort((a, b) => (a.text < b.text ? -1 : 1));
  return { event: opened, disclosed: found, undisclosed: held.size - done.size };
}

function readAll(disclosures: readonly string[]): Map<string, Disclosure> {
  const waiting = new Map<string, Disclosure>();
  for (const [number, text] of disclosures.entries()) {
    const path = `${DISCLOSURES}[${number}]`;
    const parsed = parseDisclosure(text, path);
    const digest = base64Url(sha256(utf8(text)));
    if (waiting.has(digest)) throw new InvalidInput(`${shown(parsed.name)} is given twice`, path);
    if (number && text < disclosures[number - 1]!) throw new InvalidInput("not in ascending order", path);
    waiting.set(digest, parsed);
  }
  return waiting;
}

/** Read a disclosure. Throws InvalidInput when it is none, or names a member that is never sealed. */
function parseDisclosure(text: string, path: string): Disclosure {
  let value: Json;
  try {
    value = parseCanonical(fromBase64Url(text, ""));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(`not a disclosure: ${error.reason}`, path);
  }
  const [salt, name, inner] = Array.isArray(value) && value.length === 3 ? value : [];
  if (typeof salt !== "string" || typeof name !== "string" || inner === undefined) {
    throw new InvalidInput("not a disclosure: expected [salt, name, value]", path);
  }
  if (saltSize(salt) !== SALT_SIZE) {
    throw new InvalidInput(`not a disclosure: its salt is not the base64url of ${SALT_SIZE} bytes`, path);
  }
  if (!name || NEVER_SEALED.includes(name)) {
    throw new InvalidInput(`discloses a member ${shown(name)}, which is never sealed`, path);
  }
  return { text, name, value: inner };
}

function saltSize(salt: string): number {
  try {
    return fromBase64Url(salt, "").length;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return 0;
  }
}

/** Add every digest inside a value to `held`; the new ones, in the order of proof/disclosure.py. */
function collect(value: Json, at: Path, held: Held): readonly string[] {
  const found: string[] = [];
  const below: (readonly [Json, Path])[] = [[value, at]];
  for (let next = below.pop(); next; next = below.pop()) {
    const [item, path] = next;
    if (Array.isArray(item)) {
      for (const [place, inner] of item.entries()) if (isNested(inner)) below.push([inner, [...path, place]]);
    } else if (isObject(item)) {
      if (has(item, SEALED)) {
        const where = showPath([...path, SEALED]);
        for (const digest of digestList(item[SEALED]!, where)) {
          if (held.has(digest)) throw new InvalidInput(`the digest ${digest} stands twice in the event`, where);
          held.set(digest, [item, path]);
          found.push(digest);
        }
      }
      for (const name of Object.keys(item).sort()) {
        const inner = item[name]!;
        if (isNested(inner) && name !== SEALED && name !== "@context") below.push([inner, [...path, name]]);
      }
    }
  }
  return found;
}

function isNested(value: Json): boolean {
  return typeof value === "object" && value !== null;
}

function digestList(value: Json, path: string): readonly string[] {
  if (!Array.isArray(value) || !value.length || value.some((digest) => typeof digest !== "string")) {
    throw new InvalidInput("expected a list of digests that is not empty", path);
  }
  const digests = value as string[];
  for (const [number, digest] of digests.entries()) {
    if (fromBase64Url(digest, `${path}[${number}]`).length !== DIGEST_SIZE) {
      throw new InvalidInput(`expected the base64url of ${DIGEST_SIZE} bytes`, `${path}[${number}]`);
    }
    if (number && digest <= digests[number - 1]!) {
      throw new InvalidInput("digests stand in ascending order, each once", `${path}[${number}]`);
    }
  }
  return digests;
}

function clear(holder: JsonObject, done: ReadonlySet<string>): void {
  const list = has(holder, SEALED) ? (holder[SEALED] as string[]) : [];
  const left = list.filter((digest) => !done.has(digest));
  if (left.length) holder[SEALED] = left;
  else delete holder[SEALED];
}

function base64Url(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}
