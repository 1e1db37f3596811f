// Who speaks for whom, and from which place in the log on: the mirror of proof/parties.py, whose rules it repeats.

import { same } from "./bytes.ts";
import type { JsonObject } from "./canonical.ts";
import { verifyProof } from "./data_integrity.ts";
import { decodeDidKey } from "./did_key.ts";
import { InvalidInput, Unauthorized } from "./errors.ts";
import { fromBase64, get, has, isLonger, member, onlyMembers, shown, timestamp } from "./fields.ts";

export const STATEMENT_TYPE = "PartyStatement";

export const ROLES: readonly string[] = [
  "maker",
  "cooperative",
  "processor",
  "roaster",
  "brand",
  "retailer",
  "certifier",
  "operator",
  "device",
];

const MEMBERS = ["type", "party", "name", "roles", "keys", "voucher", "issuer", "created", "previous", "proof"];
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const NO_URI = /[\x00-\x20\x7f<>"{}|\\^`\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const UNPRINTABLE =
  /[\x00-\x1f\x7f-\xa0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}\u{f0000}-\u{10ffff}]/u;
const MAX_KEYS = 64;
const LONGEST_URI = 2000;

/** A party as of one statement, which stands at `place` in the log with this leaf hash. */
export interface Party {
  readonly uri: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly keys: readonly string[];
  readonly voucher: string | null;
  readonly place: number;
  readonly leaf: Uint8Array;
}

/** Whether a text is an absolute URI, as parties are named by. */
export function isUri(text: string): boolean {
  return !isLonger(text, LONGEST_URI) && hasUriForm(text);
}

/** Whether a text has no invisible and no controlling characters, by the same list for ever. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** The parties of a log up to some place; `apply` takes it one statement further. */
export class PartyHistory {
  private readonly current = new Map<string, Party>();
  private place = -1;

  /** The party's state after all statements applied so far. */
  party(uri: string): Party | null {
    return this.current.get(uri) ?? null;
  }

  /** The party that this key speaks for now. Throws Unauthorized when it does not (rule 5). */
  requireKey(uri: string, key: string): Party {
    const party = this.current.get(uri);
    if (!party) throw new Unauthorized(`no party statement about ${uri} stands in the log before this place`);
    if (!party.keys.includes(key)) {
      throw new Unauthorized(
        `the key ${key} does not speak for ${party.name} (${uri}): ` +
          `since place ${party.place} in the log its keys are ${party.keys.join(", ") || "none"}`,
      );
    }
    return party;
  }

  /** Take in the statement at `place`, whose leaf hash is `leaf`, and return the party's new state. */
  apply(place: number, leaf: Uint8Array, document: JsonObject): Party {
    if (place <= this.place) {
      throw new InvalidInput(`statement at place ${place} comes after the one at ${this.place}: out of order`);
    }
    const party = read(place, leaf, document);
    const issuer = member(document, "issuer", "a string", "$");
    const signer = verifyProof(document).did;
    const before = this.current.get(party.uri);
    if (before) this.checkChange(before, party, issuer, signer, document);
    else this.checkRegistration(party, issuer, signer, document);
    this.current.set(party.uri, party);
    this.place = place;
    return party;
  }

  private checkRegistration(party: Party, issuer: string, signer: string, document: JsonObject): void {
    if (has(document, "previous")) {
      throw new InvalidInput(`names a predecessor, but ${party.uri} has none in the log`, "$.previous");
    }
    if (issuer !== party.uri || !party.keys.includes(signer)) {
      throw new Unauthorized(`the registration of ${party.uri} must be signed by one of its own keys`);
    }
    if (party.voucher !== null) this.requireVoucher(party.voucher);
  }

  private checkChange(before: Party, party: Party, issuer: string, signer: string, document: JsonObject): void {
    if (!same(fromBase64(document, "previous", "$", 32), before.leaf)) {
      throw new InvalidInput(`does not follow the last statement about ${party.uri}`, "$.previous");
    }
    if (issuer === party.uri) {
      this.requireKey(party.uri, signer);
      if (party.voucher !== null && party.voucher !== before.voucher) this.requireVoucher(party.voucher);
      return;
    }
    if (issuer !== before.voucher) {
      throw new Unauthorized(`${issuer} may not speak for ${party.uri}: it is neither the party nor its voucher`);
    }
    this.requireVoucher(issuer);
    this.requireKey(issuer, signer);
    const sameRoles = party.roles.length === before.roles.length && party.roles.every((role, at) => role === before.roles[at]);
    if (party.name !== before.name || !sameRoles || party.voucher !== before.voucher) {
      throw new Unauthorized("a voucher may replace the keys of a party and change nothing else");
    }
  }

  private requireVoucher(uri: string): void {
    if (!this.current.get(uri)?.roles.includes("cooperative")) {
      throw new Unauthorized(`${uri} cannot vouch: no cooperative of that name stands in the log before`);
    }
  }
}

/** The state that a statement gives, its form checked but not its signature. */
function read(place: number, leaf: Uint8Array, document: JsonObject): Party {
  onlyMembers(document, MEMBERS, "$");
  if (get(document, "type") !== STATEMENT_TYPE) {
    throw new InvalidInput(`expected ${STATEMENT_TYPE}, got ${shown(get(document, "type"))}`, "$.type");
  }
  timestamp(document, "created", "$");
  const name = member(document, "name", "a string", "$");
  if (isLonger(name, 200) || /^ *$/.test(name) || !isPrintable(name)) {
    throw new InvalidInput("expected 1 to 200 printable characters", "$.name");
  }
  const roles = texts(document, "roles");
  if (!roles.length || roles.some((role) => !ROLES.includes(role))) {
    throw new InvalidInput(`expected one or more of ${ROLES.join(", ")}`, "$.roles");
  }
  const keys = texts(document, "keys");
  for (const key of keys) decodeDidKey(key);
  const voucher = has(document, "voucher") ? member(document, "voucher", "a string", "$") : null;
  for (const label of ["party", "issuer", ...(voucher === null ? [] : ["voucher"])]) {
    if (!hasUriForm(member(document, label, "a string", "$"))) {
      throw new InvalidInput("expected an absolute URI", `$.${label}`);
    }
  }
  return { uri: document["party"] as string, name, roles, keys, voucher, place, leaf };
}

function hasUriForm(text: string): boolean {
  const scheme = SCHEME.exec(text)?.[0] ?? "";
  return scheme !== "" && scheme.length < text.length && !NO_URI.test(text);
}

function texts(document: JsonObject, name: string): readonly string[] {
  const values = member(document, name, "a list", "$");
  if (values.length > MAX_KEYS || values.some((value) => typeof value !== "string")) {
    throw new InvalidInput(`expected at most ${MAX_KEYS} strings`, `$.${name}`);
  }
  if (new Set(values).size !== values.length) throw new InvalidInput("names one twice", `$.${name}`);
  return values as string[];
}
