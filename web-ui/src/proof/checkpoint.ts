// C2SP checkpoints (tlog-checkpoint) as signed notes (signed-note), and the log's name; the mirror of proof/checkpoint.py.

import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromHex, fromUtf8, hex, reversed, same, utf8 } from "./bytes.ts";
import type { PublicKey } from "./did_key.ts";
import { InvalidInput, UnreadableInput } from "./errors.ts";
import { fromBase64 } from "./fields.ts";

export const NETWORKS = ["mainnet", "testnet", "regtest", "sandbox"] as const;
export type NetworkName = (typeof NETWORKS)[number];

const ED25519 = 1;
const ORIGIN = /^firsthand\/(mainnet|testnet|regtest|sandbox)\/([0-9a-f]{64})$/;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;
const MAX_NOTE = 4096;

/** The state of a log: its first `size` entries have this root. */
export class Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** The three lines that are signed and anchored. */
  readonly body: Uint8Array;

  constructor(origin: string, size: number, root: Uint8Array, body: Uint8Array) {
    this.origin = origin;
    this.size = size;
    this.root = root;
    this.body = body;
  }

  get network(): NetworkName {
    return this.origin.split("/")[1] as NetworkName;
  }

  /** The genesis transaction's ID, 32 bytes in internal order. */
  get genesis(): Uint8Array {
    return reversed(fromHex(this.origin.split("/")[2]!));
  }

  /** Eight hex digits of the genesis transaction's ID. */
  get shortName(): string {
    return this.origin.split("/")[2]!.slice(0, 8);
  }

  equals(other: Checkpoint): boolean {
    return same(this.body, other.body);
  }
}

/** A checkpoint with the log's signature line. */
export class SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;

  constructor(checkpoint: Checkpoint, keyId: Uint8Array, signature: Uint8Array) {
    this.checkpoint = checkpoint;
    this.keyId = keyId;
    this.signature = signature;
  }

  /** Check the signature under the log's key. Throws InvalidInput when it does not hold. */
  check(key: PublicKey): void {
    // signed-note: the first four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key).
    const expected = sha256(concat(utf8(`${this.checkpoint.origin}\n`), Uint8Array.of(ED25519), key.raw)).slice(0, 4);
    if (!same(this.keyId, expected)) {
      throw new InvalidInput(`signed by key ID ${hex(this.keyId)}, the log's is ${hex(expected)}`);
    }
    if (!key.verify(this.signature, this.checkpoint.body)) {
      throw new InvalidInput("the log's signature does not fit the checkpoint");
    }
  }
}

/** The checkpoint of these three lines, in their one canonical spelling. Throws InvalidInput. */
export function parseBody(body: Uint8Array): Checkpoint {
  if (body.some((byte) => byte > 0x7f)) throw new InvalidInput("a checkpoint body is ASCII");
  const lines = fromUtf8(body).split("\n");
  const [origin, size, root] = lines;
  if (lines.length !== 4 || lines[3] || origin === undefined || size === undefined || root === undefined) {
    throw new InvalidInput("a checkpoint body has three lines: origin, size, root hash");
  }
  if (!ORIGIN.test(origin)) throw new InvalidInput("the origin is not of the form firsthand/NETWORK/GENESIS-TXID");
  if (!SIZE.test(size) || Number(size) > Number.MAX_SAFE_INTEGER) {
    throw new InvalidInput("the tree size is not a decimal number up to 2^53 - 1");
  }
  return new Checkpoint(origin, Number(size), fromBase64({ root }, "root", "checkpoint", 32), body);
}

/** A checkpoint with exactly one signature line, the log's own. Throws UnreadableInput. */
export function parseNote(text: Uint8Array): SignedCheckpoint {
  if (text.length > MAX_NOTE) {
    throw new UnreadableInput(`a checkpoint has at most ${MAX_NOTE} bytes, got ${text.length}`);
  }
  // One character a byte, so that a note which is not UTF-8 can be told where it is not.
  const note = Array.from(text, (byte) => String.fromCharCode(byte)).join("");
  const end = note.indexOf("\n\n");
  const line = note.slice(end + 2, -1);
  if (end < 0 || !note.slice(end + 2).endsWith("\n") || line.includes("\n")) {
    throw new UnreadableInput("not a signed checkpoint: expected three lines, an empty line, one signature line");
  }
  try {
    return signedCheckpoint(text.slice(0, end + 1), line);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new UnreadableInput(`not a signed checkpoint: ${error.message}`);
  }
}

function signedCheckpoint(body: Uint8Array, line: string): SignedCheckpoint {
  const checkpoint = parseBody(body);
  const words = line.split(" ");
  const [dash, name, encoded] = words;
  // The dash is U+2014, here as its three bytes.
  if (words.length !== 3 || dash !== "\xe2\x80\x94" || name !== checkpoint.origin || encoded === undefined) {
    throw new InvalidInput(`the signature line must name ${checkpoint.origin}`);
  }
  try {
    fromUtf8(Uint8Array.from(encoded, (character) => character.charCodeAt(0)));
  } catch {
    throw new InvalidInput("it is not UTF-8");
  }
  const blob = fromBase64({ signature: encoded }, "signature", "checkpoint", 68);
  return new SignedCheckpoint(checkpoint, blob.slice(0, 4), blob.slice(4));
}
