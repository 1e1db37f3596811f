// Header services over HTTP, each spoken to in its own dialect behind one interface. What they say is checked elsewhere.

import { concat, fromHex, hex, reversed, same } from "../proof/bytes.ts";
import { HEADER_SIZE, parseHeader } from "../proof/headers.ts";
import type { DialectName } from "./networks.ts";

/** What is asked of a header service. Both throw Fault when it gives no usable answer. */
export interface Dialect {
  /** The height of its best block. */
  tip(): Promise<number>;
  /** The raw 80 bytes of the best chain's header at that height. */
  header(height: number): Promise<Uint8Array>;
}

/** A service gave no usable answer; the message says why, for the reader. */
export class Fault extends Error {}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const PATIENCE_MS = 8_000;
const RETRY_MS = 1_100;
const LARGEST = 200_000;

/** A service's URL, asked without cookies and without telling from which page. */
class Http {
  private readonly base: string;
  private readonly ask: Fetch;

  constructor(base: string, ask: Fetch) {
    this.base = base.replace(/\/+$/, "");
    this.ask = ask;
  }

  async bytes(path: string): Promise<Uint8Array> {
    let response = await this.request(path);
    if (response.status === 429) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      response = await this.request(path);
    }
    if (!response.ok) throw new Fault(`answered ${response.status}`);
    const body = new Uint8Array(await response.arrayBuffer());
    if (body.length > LARGEST) throw new Fault("answered with too much");
    return body;
  }

  async json(path: string): Promise<unknown> {
    const body = await this.bytes(path);
    try {
      return JSON.parse(new TextDecoder().decode(body));
    } catch {
      throw new Fault("answered with something that is not JSON");
    }
  }

  private async request(path: string): Promise<Response> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), PATIENCE_MS);
    try {
      return await this.ask(this.base + path, {
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: controller.signal,
      });
    } catch {
      throw new Fault(controller.signal.aborted ? "did not answer in time" : "did not answer");
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The member of an answer under one of these names. */
function pick(answer: unknown, ...names: readonly string[]): unknown {
  if (typeof answer !== "object" || answer === null) return undefined;
  const found = names.find((name) => Object.prototype.hasOwnProperty.call(answer, name));
  return found === undefined ? undefined : (answer as Record<string, unknown>)[found];
}

function heightIn(answer: unknown): number {
  const height = typeof answer === "string" ? Number(answer) : answer;
  if (typeof height !== "number" || !Number.isSafeInteger(height) || height < 0) throw new Fault("gave no height");
  return height;
}

function littleEndian(value: unknown, radix = 10): Uint8Array {
  const number = typeof value === "string" ? parseInt(value, radix) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) throw new Fault("gave an unreadable header");
  const bytes = new Uint8Array(4);
  // `setUint32` takes a negative version's low 32 bits, as the header holds them.
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

function hash(value: unknown): Uint8Array {
  if (value === undefined || value === null || value === "") return new Uint8Array(32);
  if (typeof value !== "string" || !/^[0-9a-fA-F]{64}$/.test(value)) throw new Fault("gave an unreadable header");
  return reversed(fromHex(value.toLowerCase()));
}

/** The raw header that an answer describes by its members. */
function headerIn(answer: unknown): Uint8Array {
  const bits = pick(answer, "bits");
  const time = pick(answer, "time", "creationTimestamp", "timestamp");
  const raw = concat(
    littleEndian(pick(answer, "version")),
    hash(pick(answer, "previousblockhash", "previousHash", "prevBlockHash", "prevHash", "previousBlockHash")),
    hash(pick(answer, "merkleroot", "merkleRoot")),
    littleEndian(typeof time === "string" && !/^\d+$/.test(time) ? Date.parse(time) / 1000 : time),
    // A text is hex; a number is the number itself.
    bits === undefined ? littleEndian(pick(answer, "difficultyTarget")) : littleEndian(bits, 16),
    littleEndian(pick(answer, "nonce")),
  );
  const stated = pick(answer, "hash");
  if (typeof stated === "string" && !same(hash(stated), parseHeader(raw).hash)) {
    throw new Fault("gave a header that does not fit its own hash");
  }
  return raw;
}

function rawHeader(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== HEADER_SIZE) throw new Fault("does not have that block");
  return bytes;
}

type Make = (http: Http) => Dialect;

const DIALECTS: Readonly<Record<DialectName, Make>> = {
  whatsonchain: (http) => ({
    tip: async () => heightIn(pick(await http.json("/chain/info"), "blocks")),
    header: async (height) => headerIn(await http.json(`/block/${height}/header`)),
  }),
  bitails: (http) => ({
    tip: async () => heightIn(pick(await http.json("/block/latest"), "height")),
    header: async (height) => headerIn(await http.json(`/block/height/${height}`)),
  }),
  chaintracks: (http) => ({
    tip: async () => {
      const answer = await http.json("/height");
      return heightIn(typeof answer === "number" ? answer : pick(answer, "height"));
    },
    header: async (height) => rawHeader(await http.bytes(`/headers?height=${height}&count=1`)),
  }),
  "chaintracks-service": (http) => ({
    tip: async () => heightIn(pick(await http.json("/getPresentHeight"), "value")),
    header: async (height) => {
      const text = pick(await http.json(`/getHeaders?height=${height}&count=1`), "value");
      if (typeof text !== "string" || !/^[0-9a-fA-F]*$/.test(text)) throw new Fault("gave an unreadable header");
      return rawHeader(fromHex(text));
    },
  }),
  "block-headers-service": (http) => ({
    tip: async () => heightIn(pick(await http.json("/api/v1/chain/tip/longest"), "height")),
    header: async (height) => {
      const answer = await http.json(`/api/v1/chain/header/byHeight?height=${height}&count=1`);
      if (!Array.isArray(answer) || answer.length !== 1) throw new Fault("does not have that block");
      return headerIn(answer[0]);
    },
  }),
};

// A service that a reader names is tried in this order.
const TRIED: readonly DialectName[] = [
  "chaintracks",
  "whatsonchain",
  "chaintracks-service",
  "block-headers-service",
  "bitails",
];

/** Speak to the service at a URL; without a dialect, in the first one in which it tells its height. */
export async function speak(url: string, dialect: DialectName | undefined, ask: Fetch): Promise<Dialect> {
  const http = new Http(url, ask);
  if (dialect) return DIALECTS[dialect](http);
  let first: unknown;
  for (const name of TRIED) {
    const spoken = DIALECTS[name](http);
    try {
      await spoken.tip();
      return spoken;
    } catch (error) {
      first ??= error;
      if (error instanceof Fault && error.message.startsWith("did not answer")) throw error;
    }
  }
  throw first;
}

/** For texts: a hash as blocks are known by. */
export function shownHash(bytes: Uint8Array): string {
  return hex(reversed(bytes));
}
