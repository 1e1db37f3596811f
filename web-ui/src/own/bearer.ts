// Bearer codes (docs/spec.md §9.5), the mirror of chain/bearer.py: 26 characters of data and 5 of Reed-Solomon checksum.

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../proof/bytes.ts";
import { InvalidInput } from "../proof/errors.ts";

export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DATA = 26;
const CHECK = 5;
const LENGTH = DATA + CHECK;
const ENTROPY = 16;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

// GF(32) by x^5 + x^2 + 1: the powers of its generator, twice around, and their logarithms.
const EXP: number[] = [1];
for (let at = 1; at < 62; at++) EXP.push((EXP[at - 1]! << 1) ^ (EXP[at - 1]! & 16 ? 0x25 : 0));
const LOG = new Map(EXP.slice(0, 31).map((value, at) => [value, at]));

function times(a: number, b: number): number {
  return a && b ? EXP[LOG.get(a)! + LOG.get(b)!]! : 0;
}

/** (x − α)(x − α²) … (x − α⁵), highest power first. */
const GENERATOR = ((): readonly number[] => {
  let product = [1];
  for (let root = 1; root <= CHECK; root++) {
    const shifted = [...product, 0];
    product.forEach((coefficient, at) => {
      shifted[at + 1]! ^= times(coefficient, EXP[root]!);
    });
    product = shifted;
  }
  return product;
})();

function checksum(data: readonly number[]): number[] {
  const rest = [...data, ...Array<number>(CHECK).fill(0)];
  for (let at = 0; at < DATA; at++) {
    const factor = rest[at]!;
    GENERATOR.forEach((coefficient, offset) => {
      rest[at + offset]! ^= times(factor, coefficient);
    });
  }
  return rest.slice(DATA);
}

function syndromes(word: readonly number[]): number[] {
  return Array.from({ length: CHECK }, (_, at) =>
    word.reduce((value, symbol) => times(value, EXP[at + 1]!) ^ symbol, 0),
  );
}

/** The 16 bytes of a code. Throws InvalidInput at `$.PLACE` of what is mistyped, from 1, or at `$` where it cannot tell. */
export function codeEntropy(text: string): Uint8Array {
  const plain = text.trim().toUpperCase().replace(/[IL]/g, "1").replace(/O/g, "0").replace(/[-\s]/g, "");
  const word = Array.from(plain, (character, at) => {
    const value = ALPHABET.indexOf(character);
    if (value < 0) throw new InvalidInput(`a bearer code has no character ${character}`, `$.${at + 1}`);
    return value;
  });
  if (word.length !== LENGTH) throw new InvalidInput(`a bearer code has ${LENGTH} characters`, "$");
  if (syndromes(word).some(Boolean)) throw new InvalidInput("the bearer code is mistyped", located(word));
  let number = 0n;
  for (const symbol of word.slice(0, DATA)) number = (number << 5n) | BigInt(symbol);
  if (number >> BigInt(8 * ENTROPY)) throw new InvalidInput("the bearer code is of a later version", "$");
  return Uint8Array.from({ length: ENTROPY }, (_, at) => Number((number >> BigInt(8 * (ENTROPY - 1 - at))) & 255n));
}

/** Where one wrong character, or two that are swapped, explain it. */
function located(word: readonly number[]): string {
  const [first, second] = syndromes(word) as [number, number];
  if (first && second) {
    const power = (LOG.get(second)! - LOG.get(first)! + 31) % 31;
    const at = LENGTH - 1 - power;
    const changed = [...word];
    changed[at]! ^= EXP[(LOG.get(first)! - power + 31) % 31]!;
    if (!syndromes(changed).some(Boolean)) return `$.${at + 1}`;
  }
  for (let at = 0; at < LENGTH - 1; at++) {
    const changed = [...word];
    [changed[at], changed[at + 1]] = [word[at + 1]!, word[at]!];
    if (word[at] !== word[at + 1] && !syndromes(changed).some(Boolean)) return `$.${at + 1}`;
  }
  return "$";
}

/** The code of 16 random bytes, in groups of five characters. */
export function encodeCode(entropy: Uint8Array): string {
  let number = 0n;
  for (const byte of entropy) number = (number << 8n) | BigInt(byte);
  const data = Array.from({ length: DATA }, (_, at) => Number((number >> BigInt(5 * (DATA - 1 - at))) & 31n));
  const text = [...data, ...checksum(data)].map((symbol) => ALPHABET[symbol]).join("");
  return [0, 5, 10, 15, 20].map((at) => `${text.slice(at, at + 5)}-`).join("") + text.slice(25);
}

/** The secp256k1 secret that a code is. Throws InvalidInput as `codeEntropy`. */
export function codeSecret(text: string): Uint8Array {
  const secret = hkdf(sha256, codeEntropy(text), utf8("firsthand bearer code"), utf8("secp256k1"), 32);
  const number = BigInt(`0x${Array.from(secret, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
  if (number === 0n || number >= ORDER) throw new InvalidInput("this code gives no key", "$");
  return secret;
}
