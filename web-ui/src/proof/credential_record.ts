// The credential record, which fixes one credential or ten thousand at a place; the mirror of the reading half of
// proof/credential_record.py.

import type { JsonObject } from "./canonical.ts";
import { parseAfter, type SeenBlock } from "./capture.ts";
import { decodeDidKey } from "./did_key.ts";
import { InvalidInput } from "./errors.ts";
import { fromBase64, get, has, member, membersOf, onlyMembers, placeOf, shown, timestamp } from "./fields.ts";

export const RECORD_TYPE = "CredentialRecord";

const MEMBERS = ["type", "issuer", "created", "credentials", "resolved", "after", "proof"];

/** `count` credentials under `root`, put on record by `issuer`: who issued them, or who brought them in. */
export interface CredentialRecord {
  readonly issuer: string;
  readonly count: number;
  readonly root: Uint8Array;
  /** To which did:key each verification method that is no did:key led when it was looked up. */
  readonly resolved: ReadonlyMap<string, string>;
  readonly after: SeenBlock | null;
}

/** Read a record; its signature is not checked here. Throws InvalidInput with the path. */
export function parseRecord(document: JsonObject, path = "$"): CredentialRecord {
  onlyMembers(document, MEMBERS, path);
  if (get(document, "type") !== RECORD_TYPE) {
    throw new InvalidInput(`expected ${RECORD_TYPE}, got ${shown(get(document, "type"))}`, `${path}.type`);
  }
  timestamp(document, "created", path);
  const credentials = member(document, "credentials", "an object", path);
  onlyMembers(credentials, ["count", "root"], `${path}.credentials`);
  const count = placeOf(credentials, "count", `${path}.credentials`);
  if (!count) throw new InvalidInput("a record has at least one credential", `${path}.credentials.count`);
  const resolved = new Map<string, string>();
  for (const [method, key] of has(document, "resolved") ? membersOf(member(document, "resolved", "an object", path)) : []) {
    if (typeof key !== "string") throw new InvalidInput("expected a did:key", `${path}.resolved.${method}`);
    decodeDidKey(key);
    resolved.set(method, key);
  }
  const root = fromBase64(credentials, "root", `${path}.credentials`, 32);
  const issuer = member(document, "issuer", "a string", path);
  return { issuer, count, root, resolved, after: parseAfter(document, path) };
}
