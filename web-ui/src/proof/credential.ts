// W3C Verifiable Credentials 2.0: read one, check its proof; the mirror of the checking half of proof/credential.py.

import { microseconds } from "../events/instants.ts";
import { canonical, type Json, type JsonObject } from "./canonical.ts";
import { type Keys, type Verified, verifyProof } from "./data_integrity.ts";
import { InvalidInput } from "./errors.ts";
import { get, has, isObject, member, shown } from "./fields.ts";
import { leafHash } from "./merkle.ts";
import { isUri } from "./parties.ts";

export const CONTEXT = "https://www.w3.org/ns/credentials/v2";
export const CREDENTIAL = "VerifiableCredential";
export const ENTRY = "BitstringStatusListEntry";
/** Bytes of a credential's canonical form: what a document of the log may have. */
export const MAX_CREDENTIAL = 65_535;
const MOST = 64;

/** Where a credential's status stands: bit `index` of the list at that URL, for one purpose. */
export interface StatusEntry {
  readonly purpose: string;
  readonly list: string;
  readonly index: number;
}

/** A credential as it was read; times in microseconds since 1970, null where it names none. */
export interface Credential {
  readonly document: JsonObject;
  readonly id: string;
  readonly types: readonly string[];
  readonly issuer: string;
  readonly subjects: readonly string[];
  readonly validFrom: bigint | null;
  readonly validUntil: bigint | null;
  readonly status: readonly StatusEntry[];
}

/** SHA-256(0x00 ‖ JCS(credential)), its proof included. */
export function credentialLeaf(document: JsonObject): Uint8Array {
  return leafHash(canonical(document));
}

/** Read a credential by the data model (VC-DATA-MODEL-2.0 §4); its proof is not checked here. */
export function parseCredential(document: JsonObject, path = "$"): Credential {
  const context = get(document, "@context");
  if (!Array.isArray(context) || context[0] !== CONTEXT) {
    throw new InvalidInput(`expected a list that begins with ${CONTEXT}`, `${path}.@context`);
  }
  const types = texts(document, "type", path);
  if (!types.includes(CREDENTIAL)) throw new InvalidInput(`expected ${CREDENTIAL} among the types`, `${path}.type`);
  const named = get(document, "issuer");
  const issuer = isObject(named) ? get(named, "id") : named;
  const about = objects(get(document, "credentialSubject"));
  const subjects = about.flatMap((subject, at) =>
    has(subject, "id") ? [uri(subject["id"]!, `${path}.credentialSubject[${at}].id`)] : [],
  );
  if (!about.length) {
    throw new InvalidInput("expected an object or a list of objects", `${path}.credentialSubject`);
  }
  const validFrom = instant(document, "validFrom", path);
  const validUntil = instant(document, "validUntil", path);
  if (validFrom !== null && validUntil !== null && validUntil < validFrom) {
    throw new InvalidInput("is before validFrom", `${path}.validUntil`);
  }
  return {
    document,
    id: uri(get(document, "id"), `${path}.id`),
    types,
    issuer: uri(issuer, `${path}.issuer`),
    subjects,
    validFrom,
    validUntil,
    status: statusOf(document, path),
  };
}

/** Read a credential and check its proof; an issuer that is a DID must be the one that signed. */
export function verifyCredential(document: JsonObject, keys?: Keys): readonly [Credential, Verified] {
  const size = canonical(document).length;
  if (size > MAX_CREDENTIAL) {
    throw new InvalidInput(`a credential has at most ${MAX_CREDENTIAL} bytes, got ${size}`);
  }
  const credential = parseCredential(document);
  const verified = verifyProof(document, undefined, keys);
  if (credential.issuer.startsWith("did:") && credential.issuer !== verified.controller) {
    throw new InvalidInput(
      `signed by ${verified.controller}, expected its issuer ${credential.issuer}`,
      "$.proof.verificationMethod",
    );
  }
  return [credential, verified];
}

/** The entries of `credentialStatus` (VC-BITSTRING-STATUS-LIST §2.1); another kind cannot be judged. */
function statusOf(document: JsonObject, path: string): readonly StatusEntry[] {
  if (!has(document, "credentialStatus")) return [];
  const entries = objects(document["credentialStatus"]!);
  if (!entries.length || entries.length > MOST) {
    throw new InvalidInput(`expected an object or up to ${MOST} of them`, `${path}.credentialStatus`);
  }
  return entries.map((entry, at) => {
    const where = `${path}.credentialStatus[${at}]`;
    if (get(entry, "type") !== ENTRY) {
      throw new InvalidInput(`expected ${ENTRY}, got ${shown(get(entry, "type"))}`, `${where}.type`);
    }
    if (has(entry, "statusSize") && entry["statusSize"] !== 1) {
      throw new InvalidInput("only entries of one bit can be read", `${where}.statusSize`);
    }
    const index = member(entry, "statusListIndex", "a string", where);
    if (!/^[0-9]{1,9}$/.test(index)) {
      throw new InvalidInput("expected a whole number as text", `${where}.statusListIndex`);
    }
    const list = uri(get(entry, "statusListCredential"), `${where}.statusListCredential`);
    return { purpose: member(entry, "statusPurpose", "a string", where), list, index: Number(index) };
  });
}

function instant(document: JsonObject, name: string, path: string): bigint | null {
  if (!has(document, name)) return null;
  const text = member(document, name, "a string", path);
  try {
    return microseconds(text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const reason = `expected a time with zone, such as 2026-03-01T12:00:00Z, got ${shown(text)}`;
    throw new InvalidInput(reason, `${path}.${name}`);
  }
}

function uri(value: Json, path: string): string {
  if (typeof value !== "string" || !isUri(value)) throw new InvalidInput("expected an absolute URI", path);
  return value;
}

function texts(document: JsonObject, name: string, path: string): readonly string[] {
  const value = get(document, name);
  const values = typeof value === "string" ? [value] : value;
  if (!Array.isArray(values) || values.length > MOST || values.some((one) => typeof one !== "string")) {
    throw new InvalidInput("expected a text or a list of them", `${path}.${name}`);
  }
  return values as string[];
}

/** One object or a list of objects, as the data model lets them stand; empty for anything else. */
function objects(value: Json): readonly JsonObject[] {
  const values = Array.isArray(value) ? value : [value];
  return values.every(isObject) ? values : [];
}
