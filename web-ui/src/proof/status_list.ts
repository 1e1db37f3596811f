// Bitstring Status List v1.0, and the journal's account of how each list changed; the mirror of the checking half of
// proof/status_list.py, whose rules it repeats.

import { hex, same } from "./bytes.ts";
import type { Json, JsonObject } from "./canonical.ts";
import { parseAfter, type SeenBlock } from "./capture.ts";
import { type Credential, parseCredential } from "./credential.ts";
import { InvalidInput } from "./errors.ts";
import {
  fromBase64,
  fromBase64Url,
  get,
  has,
  isInteger,
  isLonger,
  member,
  onlyMembers,
  placeOf,
  shown,
  timestamp,
} from "./fields.ts";
import { gunzip } from "./gzip.ts";
import { leafHash, rootFromInclusion, treeRoot } from "./merkle.ts";
import { isUri } from "./parties.ts";

export const LIST_TYPE = "StatusList";
export const PUBLISHED_TYPE = "BitstringStatusListCredential";
/** Entries of the smallest list that the standard allows, and of the largest that is read: two megabytes. */
export const LEAST = 131_072;
export const MOST = 16_777_216;
/** Bytes of one leaf of a list's tree: 4,096 entries. */
export const CHUNK = 512;

const LONGEST_TEXT = 4_000_000;
const MEMBERS = [
  ...["type", "issuer", "created", "list", "purpose", "number", "previous", "length", "root"],
  ...["set", "cleared", "observed", "after", "proof"],
];

/** One journaled change of a list; `observed` is the leaf of somebody else's list as it was fetched. */
export interface StatusChange {
  readonly issuer: string;
  readonly list: string;
  readonly purpose: string;
  readonly number: number;
  readonly previous: Uint8Array | null;
  readonly length: number;
  readonly root: Uint8Array;
  readonly observed: Uint8Array | null;
  readonly after: SeenBlock | null;
}

/** A status list as its issuer publishes it, signed; its bits are not yet unpacked. */
export interface PublishedList {
  readonly credential: Credential;
  readonly subject: JsonObject;
  readonly purposes: readonly string[];
  readonly encoded: string;
}

/** The chunk that holds one bit, and its inclusion proof under the list's root. */
export interface BitProof {
  readonly chunk: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Read the credential of a status list (§2.2); its proof is not checked here. Throws InvalidInput. */
export function parseStatusList(document: JsonObject): PublishedList {
  const credential = parseCredential(document);
  if (!credential.types.includes(PUBLISHED_TYPE)) {
    throw new InvalidInput(`expected ${PUBLISHED_TYPE} among the types`, "$.type");
  }
  const subject = member(document, "credentialSubject", "an object", "$");
  const path = "$.credentialSubject";
  if (get(subject, "type") !== "BitstringStatusList") {
    throw new InvalidInput(`expected BitstringStatusList, got ${shown(get(subject, "type"))}`, `${path}.type`);
  }
  const purpose = get(subject, "statusPurpose");
  const purposes: readonly Json[] = Array.isArray(purpose) ? purpose : [purpose];
  if (!purposes.length || purposes.some((one) => typeof one !== "string")) {
    throw new InvalidInput("expected a text or a list of them", `${path}.statusPurpose`);
  }
  const encoded = member(subject, "encodedList", "a string", path);
  if (!encoded.startsWith("u") || isLonger(encoded, LONGEST_TEXT)) {
    throw new InvalidInput(
      `expected multibase base64url, u and at most ${LONGEST_TEXT} characters`,
      `${path}.encodedList`,
    );
  }
  return { credential, subject, purposes: purposes as string[], encoded };
}

/** The bits of an `encodedList` (§3.3): multibase base64url of a gzip, unpacked no further than `MOST` entries. */
export function decodeBits(encoded: string): Uint8Array {
  const path = "$.credentialSubject.encodedList";
  const packed = fromBase64Url(encoded.slice(1), path);
  const bits = unpacked(packed);
  if (!bits || bits.length * 8 < LEAST) {
    throw new InvalidInput(`expected one whole gzip of ${LEAST} to ${MOST} entries`, path);
  }
  return bits;
}

function unpacked(packed: Uint8Array): Uint8Array | null {
  try {
    return gunzip(packed, MOST / 8);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return null;
  }
}

/** The root of the tree over a list's chunks. */
export function bitsRoot(bits: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let start = 0; start < bits.length; start += CHUNK) leaves.push(leafHash(bits.subarray(start, start + CHUNK)));
  return treeRoot(leaves);
}

/** Entry `index` after a change. Throws InvalidInput when the proof does not lead to its root. */
export function provenBit({ chunk, path }: BitProof, change: StatusChange, index: number): boolean {
  const number = Math.floor(index / (8 * CHUNK));
  const chunks = Math.ceil(change.length / (8 * CHUNK));
  if (index >= change.length) {
    throw new InvalidInput(`the list has ${change.length} entries; there is no entry ${index}`);
  }
  if (chunk.length !== Math.min(CHUNK, change.length / 8 - number * CHUNK)) {
    throw new InvalidInput("the chunk is not of the size that its place in the list has");
  }
  const root = rootFromInclusion(leafHash(chunk), number, chunks, path);
  if (!same(root, change.root)) {
    throw new InvalidInput(`the chunk leads to root ${hex(root)}, the change names ${hex(change.root)}`);
  }
  // Entry 0 is the leftmost bit of the first byte (§3.1).
  return (chunk[(index >> 3) % CHUNK]! & (0x80 >> (index & 7))) !== 0;
}

/** Read a journaled change; its signature is not checked here. Throws InvalidInput with the path. */
export function parseChange(document: JsonObject, path = "$"): StatusChange {
  onlyMembers(document, MEMBERS, path);
  if (get(document, "type") !== LIST_TYPE) {
    throw new InvalidInput(`expected ${LIST_TYPE}, got ${shown(get(document, "type"))}`, `${path}.type`);
  }
  timestamp(document, "created", path);
  const [issuer, list] = ["issuer", "list"].map((name) => {
    const value = member(document, name, "a string", path);
    if (!isUri(value)) throw new InvalidInput("expected an absolute URI", `${path}.${name}`);
    return value;
  }) as [string, string];
  const number = placeOf(document, "number", path);
  const length = placeOf(document, "length", path);
  if (length < LEAST || length > MOST || length % 8) {
    throw new InvalidInput(`a list has ${LEAST} to ${MOST} entries`, `${path}.length`);
  }
  if (has(document, "previous") !== number > 0) {
    throw new InvalidInput("every change but the first names its predecessor", `${path}.previous`);
  }
  const isObserved = has(document, "observed");
  if (isObserved && (has(document, "set") || has(document, "cleared"))) {
    throw new InvalidInput("a list that is observed is not changed", `${path}.observed`);
  }
  const purpose = member(document, "purpose", "a string", path);
  const previous = number ? fromBase64(document, "previous", path, 32) : null;
  const root = fromBase64(document, "root", path, 32);
  if (!isObserved) for (const name of ["set", "cleared"]) checkIndexes(document, name, path, length);
  const observed = isObserved ? fromBase64(document, "observed", path, 32) : null;
  return { issuer, list, purpose, number, previous, length, root, observed, after: parseAfter(document, path) };
}

/** Rule 1: whether a change follows the one before, whose leaf hash is `leaf`. Throws InvalidInput. */
export function checkFollows(change: StatusChange, before: StatusChange, leaf: Uint8Array): void {
  if (change.number !== before.number + 1 || !change.previous || !same(change.previous, leaf)) {
    throw new InvalidInput(`does not follow change ${before.number} of this list`, "$.previous");
  }
  const isSame =
    (["issuer", "list", "purpose", "length"] as const).every((name) => change[name] === before[name]) &&
    (change.observed === null) === (before.observed === null);
  if (!isSame) throw new InvalidInput("issuer, list, purpose, length and kind of a list never change", "$.list");
}

function checkIndexes(document: JsonObject, name: string, path: string, length: number): void {
  const values = member(document, name, "a list", path);
  if (values.some((value) => !isInteger(value) || value < 0 || value >= length)) {
    throw new InvalidInput(`expected entries from 0 to ${length - 1}`, `${path}.${name}`);
  }
  if (values.some((value, at) => at > 0 && values[at - 1]! >= value!)) {
    throw new InvalidInput("expected rising entries, each once", `${path}.${name}`);
  }
}
