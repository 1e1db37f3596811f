// Confirmations of an event by others than its signer, the checking half of proof/confirmation.py.

import { sha256 } from "@noble/hashes/sha2.js";
import { same } from "./bytes.ts";
import { canonical, type JsonObject } from "./canonical.ts";
import { entryLeaf } from "./capture.ts";
import { InvalidInput } from "./errors.ts";
import { fromBase64, get, isObject, member, onlyMembers, shown, timestamp } from "./fields.ts";

export const ACKNOWLEDGEMENT = "Acknowledgement";
export const COUNTER_SIGNATURE = "CounterSignature";
export const ACKNOWLEDGED_BY = "fh:acknowledgement";
export const ON_BEHALF_OF = "fh:onBehalfOf";

const MAX_LEAVES = 100;
const COMMITMENT = "firsthand acknowledgement";
const ACKNOWLEDGEMENT_MEMBERS = ["type", "issuer", "created", "event", "code", "proof"];
const COUNTER_MEMBERS = ["type", "issuer", "created", "events", "proof"];

/** What a confirmation says: who journaled it, of which events (leaf hashes), with which code. */
export interface Confirmation {
  readonly kind: string;
  readonly issuer: string;
  readonly created: string;
  readonly leaves: readonly Uint8Array[];
  readonly code: string | null;
}

/** Read an acknowledgement or a counter-signature, its signature unchecked. Throws InvalidInput. */
export function parseConfirmation(document: JsonObject, path = "$"): Confirmation {
  const kind = get(document, "type");
  let code: string | null = null;
  let leaves: readonly Uint8Array[];
  if (kind === ACKNOWLEDGEMENT) {
    onlyMembers(document, ACKNOWLEDGEMENT_MEMBERS, path);
    code = member(document, "code", "a string", path);
    if (!isCode(code)) throw new InvalidInput("expected a one-time code in its one spelling", `${path}.code`);
    leaves = [fromBase64(document, "event", path, 32)];
  } else if (kind === COUNTER_SIGNATURE) {
    onlyMembers(document, COUNTER_MEMBERS, path);
    leaves = digests(document, "events", MAX_LEAVES, path);
  } else {
    throw new InvalidInput(`expected ${ACKNOWLEDGEMENT} or ${COUNTER_SIGNATURE}, got ${shown(kind)}`, `${path}.type`);
  }
  const created = timestamp(document, "created", path);
  return { kind, issuer: member(document, "issuer", "a string", path), created, leaves, code };
}

/** What the confirmation says of this event, for a person. Throws InvalidInput when it is not about it. */
export function checkConfirmation(confirmation: Confirmation, event: JsonObject): string {
  const leaf = entryLeaf(event);
  if (!confirmation.leaves.some((one) => same(one, leaf))) {
    throw new InvalidInput(`the ${confirmation.kind} is about other events`);
  }
  if (confirmation.code === null) {
    const itself = get(event, ON_BEHALF_OF) === confirmation.issuer;
    return `counter-signed by ${itself ? "the party it was recorded for" : "another party than it was recorded for"}`;
  }
  const path = `$.${ACKNOWLEDGED_BY}`;
  const commits = get(event, ACKNOWLEDGED_BY);
  if (!isObject(commits)) throw new InvalidInput("the event carries no commitment to a code", path);
  const subject = member(commits, "fh:subject", "a string", path);
  const committed = sha256(canonical([COMMITMENT, subject, confirmation.code]));
  if (!same(committed, fromBase64(commits, "fh:commitment", path, 32))) {
    throw new InvalidInput("the revealed code is not the one that the event commits to", path);
  }
  return "acknowledged by the one-time code that it commits to";
}

function digests(document: JsonObject, name: string, most: number, path: string): readonly Uint8Array[] {
  const values = member(document, name, "a list", path);
  if (values.length < 1 || values.length > most) {
    throw new InvalidInput(`expected 1 to ${most} digests`, `${path}.${name}`);
  }
  const found = values.map((value, at) => fromBase64({ [`${name}[${at}]`]: value }, `${name}[${at}]`, path, 32));
  if (new Set(values).size !== values.length) throw new InvalidInput("names one twice", `${path}.${name}`);
  return found;
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE = /^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{5}$/;

/** Whether this is a one-time code in its one spelling, its check symbol fitting (ISO/IEC 7064, MOD 33,32). */
function isCode(text: string): boolean {
  if (text.length !== 20 || !CODE.test(text)) return false;
  const values = Array.from(text.replaceAll("-", ""), (symbol) => ALPHABET.indexOf(symbol));
  const check = values.pop();
  let product = 32;
  for (const value of values) product = (((product + value) % 32 || 32) * 2) % 33;
  return (33 - product) % 32 === check;
}
