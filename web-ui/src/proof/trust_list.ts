// The trust list: which certifiers a workspace believes, for which scheme; the mirror of proof/trust_list.py.

import { microseconds } from "../events/instants.ts";
import type { Json, JsonObject } from "./canonical.ts";
import { decodeDidKey } from "./did_key.ts";
import { InvalidInput } from "./errors.ts";
import {
  fromBase64,
  get,
  has,
  isLonger,
  isObject,
  member,
  membersOf,
  onlyMembers,
  placeOf,
  shown,
  timestamp,
} from "./fields.ts";
import { isPrintable, isUri } from "./parties.ts";

export const TRUST_TYPE = "TrustList";

const MEMBERS = ["type", "issuer", "created", "number", "previous", "schemes", "proof"];
const ISSUER = ["issuer", "name", "keys", "from", "until"];
const MOST = 1_000;
const LONGEST_NAME = 200;

/** An issuer that is believed for one scheme; times in microseconds since 1970, null for no bound. */
export interface Believed {
  readonly issuer: string;
  readonly name: string;
  readonly keys: readonly string[];
  readonly since: bigint | null;
  readonly until: bigint | null;
}

/** A version of the list: its number from 0, its issuer, and by scheme who is believed. */
export interface TrustList {
  readonly issuer: string;
  readonly number: number;
  readonly previous: Uint8Array | null;
  readonly schemes: ReadonlyMap<string, readonly Believed[]>;
}

/** Whether an issuer is believed for a scheme at that time; null when it is not. */
export function believedFor(trust: TrustList, scheme: string, issuer: string, at: bigint): Believed | null {
  const found = (trust.schemes.get(scheme) ?? []).find(
    (one) =>
      one.issuer === issuer && !(one.since !== null && at < one.since) && !(one.until !== null && at > one.until),
  );
  return found ?? null;
}

/** Read a version; its signature is not checked here. Throws InvalidInput with the path. */
export function parseTrustList(document: JsonObject, path = "$"): TrustList {
  onlyMembers(document, MEMBERS, path);
  if (get(document, "type") !== TRUST_TYPE) {
    throw new InvalidInput(`expected ${TRUST_TYPE}, got ${shown(get(document, "type"))}`, `${path}.type`);
  }
  timestamp(document, "created", path);
  const number = placeOf(document, "number", path);
  if (has(document, "previous") !== number > 0) {
    throw new InvalidInput("every version but the first names its predecessor", `${path}.previous`);
  }
  return {
    issuer: uri(document, "issuer", path),
    number,
    previous: number ? fromBase64(document, "previous", path, 32) : null,
    schemes: parseSchemes(member(document, "schemes", "an object", path), `${path}.schemes`),
  };
}

/** Read who is believed, by scheme. Throws InvalidInput with the path. */
function parseSchemes(schemes: JsonObject, path: string): ReadonlyMap<string, readonly Believed[]> {
  const found = new Map<string, readonly Believed[]>();
  for (const [scheme, issuers] of membersOf(schemes)) {
    const where = `${path}.${scheme}`;
    if (!Array.isArray(issuers) || issuers.length > MOST) {
      throw new InvalidInput(`expected a list of at most ${MOST} issuers`, where);
    }
    const believed = issuers.map((one, at) => parseBelieved(one, `${where}[${at}]`));
    if (new Set(believed.map((one) => one.issuer)).size !== issuers.length) {
      throw new InvalidInput("names an issuer twice", where);
    }
    found.set(scheme, believed);
  }
  return found;
}

function parseBelieved(value: Json, path: string): Believed {
  if (!isObject(value)) throw new InvalidInput("expected an object", path);
  onlyMembers(value, ISSUER, path);
  const name = has(value, "name") ? member(value, "name", "a string", path) : "";
  if (isLonger(name, LONGEST_NAME) || !isPrintable(name)) {
    throw new InvalidInput(`expected at most ${LONGEST_NAME} printable characters`, `${path}.name`);
  }
  const keys = (has(value, "keys") ? member(value, "keys", "a list", path) : []).map((key) => {
    if (typeof key !== "string") throw new InvalidInput("expected did:key identifiers", `${path}.keys`);
    decodeDidKey(key);
    return key;
  });
  const instant = (bound: string): bigint | null =>
    has(value, bound) ? microseconds(timestamp(value, bound, path)) : null;
  return { issuer: uri(value, "issuer", path), name, keys, since: instant("from"), until: instant("until") };
}

function uri(document: JsonObject, name: string, path: string): string {
  const value = member(document, name, "a string", path);
  if (!isUri(value)) throw new InvalidInput("expected an absolute URI", `${path}.${name}`);
  return value;
}
