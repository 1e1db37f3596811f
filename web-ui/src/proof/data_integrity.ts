// W3C Data Integrity proofs with JCS (VC-DI-EDDSA, VC-DI-ECDSA §3.3), the mirror of proof/data_integrity.py.

import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "./bytes.ts";
import { canonical, canonicalText, type JsonObject } from "./canonical.ts";
import { decodeDidKey, fromBase58, verificationMethod } from "./did_key.ts";
import { InvalidInput } from "./errors.ts";
import { get, member, onlyMembers, shown, timestamp, without } from "./fields.ts";

const CRYPTOSUITES = { Ed25519: "eddsa-jcs-2022", "P-256": "ecdsa-jcs-2019" } as const;

const MEMBERS = ["@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"];

/** The did:key to which a verification method led that is no did:key. Throws InvalidInput when it has none. */
export type Keys = (method: string) => string;

/** Which key signed (as its did:key), when it says it did, and the DID that names the key. */
export interface Verified {
  readonly did: string;
  readonly created: string;
  readonly controller: string;
}

/** SHA-256(JCS(options)) ‖ SHA-256(JCS(document)): what is signed (VC-DI-EDDSA §3.3.4). */
export function hashData(document: JsonObject, options: JsonObject): Uint8Array {
  return concat(sha256(canonical(options)), sha256(canonical(document)));
}

/** Check a document's one proof (VC-DI-EDDSA §3.3.2). Throws InvalidInput naming the member that does not hold. */
export function verifyProof(secured: JsonObject, purpose = "assertionMethod", keys?: Keys): Verified {
  const path = "$.proof";
  const proof = member(secured, "proof", "an object", "$");
  onlyMembers(proof, MEMBERS, path);
  const refuse = (name: string, expected: string): never => {
    throw new InvalidInput(`${expected}, got ${shown(get(proof, name))}`, `${path}.${name}`);
  };
  if (get(proof, "type") !== "DataIntegrityProof") refuse("type", "expected DataIntegrityProof");
  if (get(proof, "proofPurpose") !== purpose) refuse("proofPurpose", `expected ${purpose}`);
  if (canonicalText(get(proof, "@context")) !== canonicalText(get(secured, "@context"))) {
    throw new InvalidInput("is not the document's own", `${path}.@context`);
  }
  const created = timestamp(proof, "created", path);
  const method = member(proof, "verificationMethod", "a string", path);
  const controller = method.split("#", 1)[0]!;
  const isResolved = keys !== undefined && !controller.startsWith("did:key:");
  const did = isResolved ? keys(method) : controller;
  const key = decodeDidKey(did);
  if (!isResolved && method !== verificationMethod(did)) {
    throw new InvalidInput("expected did:key:K#K", `${path}.verificationMethod`);
  }
  const suite = CRYPTOSUITES[key.kind];
  if (get(proof, "cryptosuite") !== suite) refuse("cryptosuite", `a ${key.kind} key signs by ${suite}`);
  const signature = fromBase58(member(proof, "proofValue", "a string", path));
  if (!key.verify(signature, hashData(without(secured, "proof"), without(proof, "proofValue")))) {
    throw new InvalidInput("the signature does not fit the document", `${path}.proofValue`);
  }
  return { did, created, controller };
}
