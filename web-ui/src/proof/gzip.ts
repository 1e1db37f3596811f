// What Python's `zlib` does by itself: unpacking one gzip (RFC 1952, RFC 1951) within a limit, checked to its last byte.
//
// Browsers' own DecompressionStream and node's differ in what they let follow a gzip, and none of them has a limit.

import { InvalidInput } from "./errors.ts";

const LONGEST_CODE = 15;
const END_OF_BLOCK = 256;
const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_CODES = 30;
/** In which order the lengths of the code lengths' own code stand. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const HEADER_CHECKED = 2;
const HEADER_EXTRA = 4;
const HEADER_TEXTS = [8, 16];
const HEADER_UNKNOWN = 0xe0;

/** A canonical Huffman code: how many codes there are of each length, and their symbols in order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/** Unpack a gzip of at most `most` bytes. Throws InvalidInput when it is not exactly one, or holds more. */
export function gunzip(packed: Uint8Array, most: number): Uint8Array {
  const bits = new Bits(packed);
  skipHeader(bits, packed);
  const unpacked = inflate(bits, new Output(most));
  bits.align();
  if (bits.take(32) !== checksum(unpacked) || bits.take(32) !== unpacked.length >>> 0 || bits.at !== packed.length) {
    throw broken();
  }
  return unpacked;
}

function broken(): InvalidInput {
  return new InvalidInput("not one whole gzip");
}

/** The bits of the text, of each byte the lowest first. */
class Bits {
  /** The next byte. */
  at = 0;
  private readonly data: Uint8Array;
  private held = 0;
  private count = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  take(count: number): number {
    let value = 0;
    for (let done = 0; done < count; ) {
      if (!this.count) this.refill();
      const some = Math.min(this.count, count - done);
      value |= (this.held & ((1 << some) - 1)) << done;
      this.held >>= some;
      this.count -= some;
      done += some;
    }
    return value >>> 0;
  }

  /** Go on at the next whole byte. */
  align(): void {
    this.count = 0;
  }

  /** The next symbol of a code. */
  symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      code |= this.take(1);
      const count = counts[length]!;
      if (code - count < first) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw broken();
  }

  private refill(): void {
    if (this.at === this.data.length) throw broken();
    this.held = this.data[this.at++]!;
    this.count = 8;
  }
}

class Output {
  private data: Uint8Array;
  private size = 0;
  private readonly most: number;

  constructor(most: number) {
    this.data = new Uint8Array(Math.min(most, 1 << 15));
    this.most = most;
  }

  put(byte: number): void {
    if (this.size === this.data.length) this.grow();
    this.data[this.size++] = byte;
  }

  repeat(length: number, distance: number): void {
    if (distance > this.size) throw broken();
    for (let done = 0; done < length; done++) this.put(this.data[this.size - distance]!);
  }

  bytes(): Uint8Array {
    return this.data.slice(0, this.size);
  }

  private grow(): void {
    if (this.size === this.most) throw new InvalidInput(`unpacks to more than ${this.most} bytes`);
    const grown = new Uint8Array(Math.min(this.most, 2 * this.size));
    grown.set(this.data);
    this.data = grown;
  }
}

function skipHeader(bits: Bits, packed: Uint8Array): void {
  const magic = bits.take(24);
  const flags = bits.take(8);
  if (magic !== 0x08_8b_1f || flags & HEADER_UNKNOWN) throw broken();
  bits.take(32);
  bits.take(16);
  if (flags & HEADER_EXTRA) for (let left = bits.take(16); left; left--) bits.take(8);
  for (const flag of HEADER_TEXTS) if (flags & flag) while (bits.take(8));
  const header = packed.subarray(0, bits.at);
  if (flags & HEADER_CHECKED && bits.take(16) !== (checksum(header) & 0xffff)) throw broken();
}

function inflate(bits: Bits, output: Output): Uint8Array {
  for (let last = false; !last; ) {
    last = bits.take(1) === 1;
    const kind = bits.take(2);
    if (kind === 0) copyStored(bits, output);
    else if (kind === 1) expand(bits, output, FIXED, FIXED_DISTANCES);
    else if (kind === 2) expand(bits, output, ...readCodes(bits));
    else throw broken();
  }
  return output.bytes();
}

function copyStored(bits: Bits, output: Output): void {
  bits.align();
  const length = bits.take(16);
  if ((length ^ bits.take(16)) !== 0xffff) throw broken();
  for (let left = length; left; left--) output.put(bits.take(8));
}

function expand(bits: Bits, output: Output, literals: Code, distances: Code): void {
  for (let symbol = bits.symbol(literals); symbol !== END_OF_BLOCK; symbol = bits.symbol(literals)) {
    if (symbol < END_OF_BLOCK) {
      output.put(symbol);
      continue;
    }
    const kind = symbol - END_OF_BLOCK - 1;
    if (kind >= LENGTHS.length) throw broken();
    const length = LENGTHS[kind]! + bits.take(LENGTH_BITS[kind]!);
    const code = bits.symbol(distances);
    if (code >= DISTANCE_CODES) throw broken();
    const more = Math.max(0, (code >> 1) - 1);
    const base = code < 2 ? code : (2 | (code & 1)) << more;
    output.repeat(length, 1 + base + bits.take(more));
  }
}

/** The codes of a block of its own: for literals and lengths, and for distances. */
function readCodes(bits: Bits): readonly [Code, Code] {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const count = bits.take(4) + 4;
  if (literals > END_OF_BLOCK + 1 + LENGTHS.length || distances > DISTANCE_CODES) throw broken();
  const own = new Uint8Array(ORDER.length);
  for (const place of ORDER.slice(0, count)) own[place] = bits.take(3);
  const code = codeOf(own);
  if (!isComplete(code)) throw broken();
  const lengths = readLengths(bits, code, literals + distances);
  if (!lengths[END_OF_BLOCK]) throw broken();
  const found = [codeOf(lengths.subarray(0, literals)), codeOf(lengths.subarray(literals))] as const;
  // One code alone, of one bit, need not be complete; nor need there be any distance.
  if (found.some((one) => !isComplete(one) && one.symbols.length !== one.counts[1])) throw broken();
  return found;
}

function readLengths(bits: Bits, code: Code, size: number): Uint8Array {
  const lengths = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const symbol = bits.symbol(code);
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && !at) throw broken();
    const value = symbol === 16 ? lengths[at - 1]! : 0;
    const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (at + times > size) throw broken();
    lengths.fill(value, at, at + times);
    at += times;
  }
  return lengths;
}

/** The code of these lengths, 0 for symbols that it has not. Throws InvalidInput when they are too many. */
function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) if (length) counts[length]!++;
  if (unused(counts) < 0) throw broken();
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol]);
  return { counts, symbols: Uint16Array.from(symbols.sort((a, b) => lengths[a]! - lengths[b]! || a - b)) };
}

function isComplete({ counts }: Code): boolean {
  return unused(counts) === 0;
}

/** How many codes of the longest length are left. */
function unused(counts: Uint16Array): number {
  let left = 1;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    left = 2 * left - counts[length]!;
    if (left < 0) return left;
  }
  return left;
}

const FIXED = codeOf(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = codeOf(new Uint8Array(32).fill(5));

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (RFC 1952 §8). */
function checksum(data: Uint8Array): number {
  let value = 0xffffffff;
  for (let at = 0; at < data.length; at++) value = REMAINDERS[(value ^ data[at]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
