// did:key identifiers of Ed25519 and P-256 keys, and checking signatures under them; the mirror of proof/did_key.py.

import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, fromLittleEndian, hex, same } from "./bytes.ts";
import { InvalidInput } from "./errors.ts";
import { shown } from "./fields.ts";

export type KeyKind = "Ed25519" | "P-256";

// Multicodec table: ed25519-pub is 0xed, p256-pub is 0x1200, both as unsigned varints.
const PREFIXES: readonly (readonly [KeyKind, Uint8Array, number])[] = [
  ["Ed25519", Uint8Array.of(0xed, 0x01), 32],
  ["P-256", Uint8Array.of(0x80, 0x24), 33],
];
const MAX_BASE58 = 128;
const DID = "did:key:";
const DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const MEMORY = 4096;

const Point = ed25519.Point;
const PRIME = Point.Fp.ORDER;
const ORDER = Point.Fn.ORDER;
const EIGHTH = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
// The y of the eight points whose order divides 8: under such a key anyone's signature holds.
const SMALL_ORDER: readonly bigint[] = [0n, 1n, PRIME - 1n, EIGHTH, PRIME - EIGHTH];

/** A public key: 32 bytes of Ed25519, or a compressed P-256 point of 33 bytes. */
export class PublicKey {
  readonly kind: KeyKind;
  readonly raw: Uint8Array;

  constructor(kind: KeyKind, raw: Uint8Array) {
    checkKey(kind, raw);
    this.kind = kind;
    this.raw = raw;
  }

  /** Whether this 64-byte signature over the message holds; an ECDSA signature with a high s does, too. */
  verify(signature: Uint8Array, message: Uint8Array): boolean {
    if (signature.length !== 64) return false;
    const name = `${hex(this.raw)}${hex(signature)}${hex(message)}`;
    const known = checked.get(name);
    if (known !== undefined) return known;
    const holds = this.kind === "Ed25519" ? eddsaHolds(this.raw, signature, message) : ecdsaHolds(this.raw, signature, message);
    remember(checked, name, holds);
    return holds;
  }
}

// Bundles of one log share their statements and checkpoint: what was checked once is not checked again.
const checked = new Map<string, boolean>();
const decoded = new Map<string, PublicKey>();

function remember<T>(memory: Map<string, T>, name: string, value: T): void {
  if (memory.size >= MEMORY) memory.clear();
  memory.set(name, value);
}

// RFC 8032 §5.1.7 without the cofactor, R compared as bytes: what OpenSSL does. Noble's own `verify` multiplies by the
// cofactor, and would let pass some signatures that others refuse.
function eddsaHolds(raw: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const s = fromLittleEndian(signature.subarray(32));
  if (s >= ORDER) return false;
  try {
    const key = Point.fromBytes(raw);
    const k = fromLittleEndian(sha512(concat(r, raw, message))) % ORDER;
    return same(Point.BASE.multiplyUnsafe(s).add(key.negate().multiplyUnsafe(k)).toBytes(), r);
  } catch {
    return false;
  }
}

function ecdsaHolds(raw: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  try {
    return p256.verify(signature, message, raw, { lowS: false });
  } catch {
    return false;
  }
}

function checkKey(kind: KeyKind, raw: Uint8Array): void {
  if (kind === "Ed25519") {
    const y = fromLittleEndian(raw) & ((1n << 255n) - 1n);
    if (y >= PRIME || SMALL_ORDER.includes(y)) {
      throw new InvalidInput("no Ed25519 public key: not canonical, or of small order");
    }
    return;
  }
  try {
    p256.Point.fromBytes(raw);
  } catch {
    throw new InvalidInput("no P-256 public key: not a point of the curve");
  }
}

/** The public key that a did:key names. Throws InvalidInput when it names none of ours. */
export function decodeDidKey(did: string): PublicKey {
  const known = decoded.get(did);
  if (known) return known;
  if (!did.startsWith(DID)) throw new InvalidInput(`expected a did:key identifier, got ${shown(did)}`);
  const data = fromBase58(did.slice(DID.length));
  for (const [kind, prefix, size] of PREFIXES) {
    if (data.length === prefix.length + size && same(data.subarray(0, prefix.length), prefix)) {
      const key = new PublicKey(kind, data.slice(prefix.length));
      remember(decoded, did, key);
      return key;
    }
  }
  throw new InvalidInput("the did:key holds neither an Ed25519 nor a P-256 key");
}

/** The one verification method of a did:key: its identifier, `#`, and the key again. */
export function verificationMethod(did: string): string {
  return `${did}#${did.slice(DID.length)}`;
}

/** The bytes of a multibase base58btc text in its one spelling. Throws InvalidInput. */
export function fromBase58(text: string): Uint8Array {
  if (!text.startsWith("z") || text.length > MAX_BASE58 || /[^\x00-\x7f]/.test(text)) {
    throw new InvalidInput("expected multibase base58btc: z and base58 characters");
  }
  const digits = text.slice(1);
  let value = 0n;
  for (const character of digits) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) throw new InvalidInput("not base58 in its canonical spelling");
    value = value * 58n + BigInt(digit);
  }
  // Each leading 1 is a zero byte, so the digits have exactly one reading and the bytes one spelling.
  const zeros = digits.length - digits.replace(/^1+/, "").length;
  const bytes: number[] = [];
  for (; value; value >>= 8n) bytes.push(Number(value & 255n));
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()]);
}
