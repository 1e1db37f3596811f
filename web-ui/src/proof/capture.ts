// The capture's manifest and the leaves of events and entries, the checking half of proof/capture.py.

import { fromHex, reversed } from "./bytes.ts";
import { canonical, type JsonObject } from "./canonical.ts";
import { InvalidInput } from "./errors.ts";
import { fromBase64, get, has, member, onlyMembers, placeOf, shown, timestamp } from "./fields.ts";
import { leafHash } from "./merkle.ts";

export const CAPTURE_TYPE = "Capture";

const MEMBERS = ["type", "issuer", "created", "events", "after", "custodial", "proof"];

/** A block that the signer had seen: the capture was made after it. `hash` is in internal order. */
export interface SeenBlock {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** What a capture says: `count` events under `root`, from `issuer`, claimed to be made at `created`. */
export interface Manifest {
  readonly issuer: string;
  readonly created: string;
  readonly count: number;
  readonly root: Uint8Array;
  readonly after: SeenBlock | null;
  readonly custodial: boolean;
}

/** SHA-256(0x00 ‖ JCS(document)): an event's leaf in its capture, an entry's in the log. */
export function entryLeaf(document: JsonObject): Uint8Array {
  let leaf = leaves.get(document);
  if (!leaf) leaves.set(document, (leaf = leafHash(canonical(document))));
  return leaf;
}

// Two steps ask for the leaf of one document, which nothing changes in between.
const leaves = new WeakMap<JsonObject, Uint8Array>();

/** Read a capture's manifest; its signature is not checked here. Throws InvalidInput with the path. */
export function parseManifest(document: JsonObject, path = "$"): Manifest {
  onlyMembers(document, MEMBERS, path);
  if (get(document, "type") !== CAPTURE_TYPE) {
    throw new InvalidInput(`expected ${CAPTURE_TYPE}, got ${shown(get(document, "type"))}`, `${path}.type`);
  }
  const events = member(document, "events", "an object", path);
  onlyMembers(events, ["count", "root"], `${path}.events`);
  const count = placeOf(events, "count", `${path}.events`);
  if (!count) throw new InvalidInput("a capture has at least one event", `${path}.events.count`);
  if (has(document, "custodial") && document["custodial"] !== true) {
    throw new InvalidInput("expected true, or no such member", `${path}.custodial`);
  }
  return {
    issuer: member(document, "issuer", "a string", path),
    created: timestamp(document, "created", path),
    count,
    root: fromBase64(events, "root", `${path}.events`, 32),
    after: parseAfter(document, path),
    custodial: has(document, "custodial"),
  };
}

/** The block that a document's signer had seen, where it names one. Throws InvalidInput. */
export function parseAfter(document: JsonObject, path: string): SeenBlock | null {
  if (!has(document, "after")) return null;
  const after = member(document, "after", "an object", path);
  onlyMembers(after, ["height", "hash"], `${path}.after`);
  const text = member(after, "hash", "a string", `${path}.after`);
  if (text.length !== 64 || !/^[0-9a-f]{64}$/.test(text)) {
    throw new InvalidInput("expected a block hash of 64 lower-case hex digits", `${path}.after.hash`);
  }
  return { height: placeOf(after, "height", `${path}.after`), hash: reversed(fromHex(text)) };
}
