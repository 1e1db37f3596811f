// The proof bundle and the file that carries bundles; the reading half of proof/bundle.py.

import { indexOf, utf8 } from "./bytes.ts";
import { type Json, type JsonObject, parseCanonical } from "./canonical.ts";
import { InvalidInput, UnreadableInput } from "./errors.ts";
import { fromBase64, has, isObject, member, onlyMembers, placeOf } from "./fields.ts";

export const VERSION = 1;
export const MAX_BUNDLE = 16_000_000;

const MEMBERS = [
  "firsthand",
  "event",
  "disclosures",
  "eventProof",
  "capture",
  "statements",
  "confirmations",
  "checkpoint",
  "genesis",
  "anchor",
  "block",
];

/** A signed document with its place in the log and its inclusion proof, lowest node first. */
export interface Placed {
  readonly document: JsonObject;
  readonly place: number;
  readonly path: readonly Uint8Array[];
}

/** What a bundle holds; the transactions, header and BUMP are raw bytes. */
export interface Bundle {
  readonly event: JsonObject;
  readonly eventIndex: number;
  readonly eventPath: readonly Uint8Array[];
  readonly capture: Placed;
  readonly statements: readonly Placed[];
  readonly checkpoint: Uint8Array;
  readonly genesis: Uint8Array;
  readonly anchor: Uint8Array;
  readonly header: Uint8Array;
  readonly bump: Uint8Array;
  readonly confirmations: readonly Placed[];
  /** What opens sealed fields of the event: strings of RFC 9901, in ascending order. */
  readonly disclosures: readonly string[];
}

/** The bundles of a file, as bytes. Throws UnreadableInput when it is not lines ended by LF. */
export function bundleLines(data: Uint8Array): readonly Uint8Array[] {
  if (!data.length) throw new UnreadableInput("the file is empty; expected one proof bundle a line");
  if (data[data.length - 1] !== 0x0a) {
    throw new UnreadableInput("the last line is not ended by LF: the file was cut short or is no bundle file");
  }
  const lines: Uint8Array[] = [];
  for (let start = 0; start < data.length; ) {
    const end = indexOf(data, 0x0a, start);
    lines.push(data.slice(start, end));
    start = end + 1;
  }
  return lines;
}

/** Read one line of a bundle file. Throws UnreadableInput or InvalidInput with the path of the member. */
export function parseBundle(line: Uint8Array): Bundle {
  const value = parseLine(line, MEMBERS);
  const eventProof = objectMember(value, "eventProof", ["index", "path"], "$");
  const block = objectMember(value, "block", ["header", "bump"], "$");
  return {
    event: member(value, "event", "an object", "$"),
    eventIndex: placeOf(eventProof, "index", "$.eventProof"),
    eventPath: parsePath(eventProof, "$.eventProof"),
    capture: parsePlaced(member(value, "capture", "an object", "$"), "$.capture"),
    statements: member(value, "statements", "a list", "$").map((item, at) => parsePlaced(item, `$.statements[${at}]`)),
    checkpoint: utf8(member(value, "checkpoint", "a string", "$")),
    genesis: fromBase64(value, "genesis", "$"),
    anchor: fromBase64(value, "anchor", "$"),
    header: fromBase64(block, "header", "$.block", 80),
    bump: fromBase64(block, "bump", "$.block"),
    confirmations: confirmationsOf(value),
    disclosures: disclosuresOf(value),
  };
}

/** The object of one line, which may have these members. Throws UnreadableInput or InvalidInput. */
export function parseLine(line: Uint8Array, members: readonly string[]): JsonObject {
  if (line.length > MAX_BUNDLE) {
    throw new UnreadableInput(`a bundle has at most ${MAX_BUNDLE} bytes, got ${line.length}`);
  }
  const value = bundleObject(line);
  onlyMembers(value, members, "$");
  const version = member(value, "firsthand", "an integer", "$");
  if (version !== VERSION) {
    throw new UnreadableInput(`bundle version ${version}; this verifier reads version ${VERSION}`, "$.firsthand");
  }
  return value;
}

function confirmationsOf(value: JsonObject): readonly Placed[] {
  if (!has(value, "confirmations")) return [];
  const listed = member(value, "confirmations", "a list", "$");
  if (!listed.length) throw new InvalidInput("expected at least one, or no such member", "$.confirmations");
  return listed.map((item, at) => parsePlaced(item, `$.confirmations[${at}]`));
}

function disclosuresOf(value: JsonObject): readonly string[] {
  if (!has(value, "disclosures")) return [];
  const texts = member(value, "disclosures", "a list", "$");
  if (!texts.length || texts.some((text) => typeof text !== "string")) {
    throw new InvalidInput("expected strings, at least one", "$.disclosures");
  }
  return texts as string[];
}

function bundleObject(line: Uint8Array): JsonObject {
  let value: Json;
  try {
    value = parseCanonical(line);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new UnreadableInput(`not a proof bundle: ${error.message}`);
  }
  if (!isObject(value)) throw new UnreadableInput("not a proof bundle: expected a JSON object");
  return value;
}

/** Read a document with its place and inclusion proof. Throws InvalidInput with the path. */
export function parsePlaced(value: Json, path: string): Placed {
  if (!isObject(value)) throw new InvalidInput("expected an object", path);
  onlyMembers(value, ["document", "place", "path"], path);
  const document = member(value, "document", "an object", path);
  return { document, place: placeOf(value, "place", path), path: parsePath(value, path) };
}

/** The member of that name, an object with these members at the most. Throws InvalidInput. */
export function objectMember(value: JsonObject, name: string, members: readonly string[], path: string): JsonObject {
  const found = member(value, name, "an object", path);
  onlyMembers(found, members, `${path}.${name}`);
  return found;
}

/** An inclusion proof: its nodes of 32 bytes, concatenated, in base64. */
export function parsePath(value: JsonObject, path: string): readonly Uint8Array[] {
  const data = fromBase64(value, "path", path);
  if (data.length % 32 || data.length > 64 * 32) {
    throw new InvalidInput("expected up to 64 nodes of 32 bytes", `${path}.path`);
  }
  const nodes: Uint8Array[] = [];
  for (let start = 0; start < data.length; start += 32) nodes.push(data.slice(start, start + 32));
  return nodes;
}
