// The certificate proof, one line of a bundle file that proves one credential and how its status went; the mirror of the
// reading half of proof/certificate_proof.py.

import { type Placed, objectMember, parseLine, parsePath, parsePlaced } from "./bundle.ts";
import { fromUtf8, utf8 } from "./bytes.ts";
import type { Json, JsonObject } from "./canonical.ts";
import { InvalidInput } from "./errors.ts";
import { fromBase64, has, isObject, member, onlyMembers, placeOf } from "./fields.ts";
import type { BitProof } from "./status_list.ts";

const MEMBERS = [
  ...["firsthand", "credential", "credentialProof", "record", "statements", "status", "trust"],
  ...["checkpoint", "genesis", "anchor", "block"],
];
const SHOWN = ["change", "chunk", "path", "published"];

/** A change of a status list with the one bit in question; `published` is the list that was observed. */
export interface ShownChange {
  readonly entry: Placed;
  readonly bit: BitProof;
  readonly published: JsonObject | null;
}

/** What a certificate proof holds; the transactions, header and BUMP are raw bytes. */
export interface CertificateProof {
  readonly credential: JsonObject;
  readonly index: number;
  readonly path: readonly Uint8Array[];
  readonly record: Placed;
  readonly statements: readonly Placed[];
  readonly status: readonly ShownChange[];
  readonly trust: Placed | null;
  readonly checkpoint: Uint8Array;
  readonly genesis: Uint8Array;
  readonly anchor: Uint8Array;
  readonly header: Uint8Array;
  readonly bump: Uint8Array;
}

/** All documents of the log that a proof relies on, in the order of their places. */
export function entriesOf({ record, statements, status, trust }: CertificateProof): readonly Placed[] {
  const placed = [record, ...statements, ...status.map((shown) => shown.entry), ...(trust ? [trust] : [])];
  return placed.sort((a, b) => a.place - b.place);
}

/** Whether a line of a bundle file is a certificate proof; what cannot be read is none. */
export function isCertificate(line: Uint8Array): boolean {
  try {
    const value = JSON.parse(fromUtf8(line)) as Json;
    return isObject(value) && has(value, "credential");
  } catch {
    return false;
  }
}

/** Read one line. Throws UnreadableInput, or InvalidInput with the path of the member that is wrong. */
export function parseCertificateProof(line: Uint8Array): CertificateProof {
  const value = parseLine(line, MEMBERS);
  const proof = objectMember(value, "credentialProof", ["index", "path"], "$");
  const block = objectMember(value, "block", ["header", "bump"], "$");
  return {
    credential: member(value, "credential", "an object", "$"),
    index: placeOf(proof, "index", "$.credentialProof"),
    path: parsePath(proof, "$.credentialProof"),
    record: parsePlaced(member(value, "record", "an object", "$"), "$.record"),
    statements: member(value, "statements", "a list", "$").map((item, at) => parsePlaced(item, `$.statements[${at}]`)),
    status: member(value, "status", "a list", "$").map((item, at) => parseShown(item, `$.status[${at}]`)),
    trust: has(value, "trust") ? parsePlaced(value["trust"]!, "$.trust") : null,
    checkpoint: utf8(member(value, "checkpoint", "a string", "$")),
    genesis: fromBase64(value, "genesis", "$"),
    anchor: fromBase64(value, "anchor", "$"),
    header: fromBase64(block, "header", "$.block", 80),
    bump: fromBase64(block, "bump", "$.block"),
  };
}

function parseShown(value: Json, path: string): ShownChange {
  if (!isObject(value)) throw new InvalidInput("expected an object", path);
  onlyMembers(value, SHOWN, path);
  const entry = parsePlaced(member(value, "change", "an object", path), `${path}.change`);
  const bit = { chunk: fromBase64(value, "chunk", path), path: parsePath(value, path) };
  return { entry, bit, published: has(value, "published") ? member(value, "published", "an object", path) : null };
}
