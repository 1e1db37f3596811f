// GS1 identification keys in their one canonical spelling: the half of events/identifiers.py that compares them.

import {
  CANONICAL_DOMAIN,
  CHARSET_39,
  CHARSET_82,
  CHECK_DIGITS,
  DIGITS,
  escaped,
  keyNamed,
  KEY_VALUES,
  NAMES,
  NUMERIC_QUALIFIERS,
  QUALIFIERS,
} from "./application_identifiers.ts";

/** One EPC scheme and the Digital Link key that it translates to; see `_Scheme` in events/identifiers.py. */
interface Scheme {
  readonly ai: string;
  /** Of company prefix and reference, without the check digit; 0 where the reference is alphanumeric. */
  readonly digits: number;
  /** What moves to the front of the key. */
  readonly front: "indicator" | "0" | "";
  /** What stands between the key and the serial; null where the key has none. */
  readonly joint: string | null;
  readonly longest: number;
  readonly charset: RegExp;
}

function scheme(
  ai: string,
  digits: number,
  front: Scheme["front"],
  joint: string | null = null,
  longest = 0,
  charset = CHARSET_82,
): Scheme {
  return { ai, digits, front, joint, longest, charset };
}

const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ["id:sgtin", scheme("01", 13, "indicator", "/21/", 20)],
  ["class:lgtin", scheme("01", 13, "indicator", "/10/", 20)],
  ["id:upui", scheme("01", 13, "indicator", "/235/", 28)],
  ["id:itip", scheme("8006", 13, "indicator", "/21/", 20)],
  ["id:sscc", scheme("00", 17, "indicator")],
  ["id:sgln", scheme("414", 12, "", "/254/", 20)],
  ["id:pgln", scheme("417", 12, "")],
  ["id:grai", scheme("8003", 12, "0", "", 16)],
  ["id:gdti", scheme("253", 12, "", "", 17)],
  ["id:sgcn", scheme("255", 12, "", "", 12, DIGITS)],
  ["id:gsrn", scheme("8018", 17, "")],
  ["id:gsrnp", scheme("8017", 17, "")],
  ["id:gsin", scheme("402", 16, "")],
  ["id:giai", scheme("8004", 0, "")],
  ["id:ginc", scheme("401", 0, "")],
  ["id:cpi", scheme("8010", 0, "", "/8011/", 12, DIGITS)],
]);
// Patterns name a whole class: `urn:epc:idpat:sgtin:….*` is every item of one GTIN.
const PATTERNS = ["sgtin", "grai", "gdti", "sgcn", "cpi", "itip", "upui"];
// Consumer product variant and service relation are attributes, not a finer identity (CBV 2.0 §8.9).
const ATTRIBUTES = ["22", "8019"];
const MOST_SEGMENTS = 8;
const LONGEST_URN = 200;
const NOT_ASCII = /[^\x00-\x7f]/;

/** The one spelling of a thing: a GS1 key's canonical Digital Link; any other URI, and a maker's own, unchanged. */
export function canonical(uri: string): string {
  if (uri.startsWith("urn:epc:")) return linkOfUrn(uri) ?? uri;
  return linkOfLink(uri) ?? uri;
}

function checkDigit(digits: string): string {
  let sum = 0;
  for (let at = digits.length - 1, weight = 3; at >= 0; at--, weight = 4 - weight) sum += weight * Number(digits[at]);
  return String((10 - (sum % 10)) % 10);
}

function linkOfUrn(urn: string): string | null {
  if (urn.length > LONGEST_URN || NOT_ASCII.test(urn)) return null;
  const [, , kind, name, ...rest] = urn.split(":");
  const isPattern = kind === "idpat" && PATTERNS.includes(name ?? "");
  const found = SCHEMES.get(isPattern ? `id:${name}` : `${kind}:${name}`);
  if (!found || !rest.length) return null;
  const hasPieces = found.ai === "8006";
  const fields = split(rest.join(":"), hasPieces ? 5 : found.joint === null ? 2 : 3);
  if (!fields) return null;
  const [prefix, reference, piece, total] = fields as [string, string, string, string];
  if (found.joint === null) return linkOfKey(found, prefix, reference);
  if (hasPieces && (piece.length !== 2 || total.length !== 2)) return null;
  const head = linkOfKey(found, prefix, reference, hasPieces ? piece + total : "");
  if (head === null) return null;
  const serial = fields[fields.length - 1]!;
  if (isPattern) return serial === "*" ? head : null;
  if (found.ai === "414" && serial === "0") return head;
  const raw = decoded(serial, found.longest, found.charset);
  return raw === null ? null : `${head}${found.joint}${escaped(raw)}`;
}

/** The parts between so many dots, the last with all further dots; null where there are fewer. */
function split(text: string, count: number): readonly string[] | null {
  const parts = text.split(".");
  return parts.length < count ? null : [...parts.slice(0, count - 1), parts.slice(count - 1).join(".")];
}

/** The Digital Link up to the serial, or null when prefix and reference are not of this scheme. */
function linkOfKey({ ai, digits, front }: Scheme, prefix: string, reference: string, pieces = ""): string | null {
  if (prefix.length < 6 || prefix.length > 12 || !DIGITS.test(prefix + pieces)) return null;
  if (!digits) {
    const raw = decoded(reference, 30 - prefix.length, ai === "8010" ? CHARSET_39 : CHARSET_82);
    return raw === null ? null : `${CANONICAL_DOMAIN}/${ai}/${prefix}${escaped(raw)}`;
  }
  if (prefix.length + reference.length !== digits || !DIGITS.test(reference)) return null;
  const key = front === "indicator" ? reference.slice(0, 1) + prefix + reference.slice(1) : front + prefix + reference;
  return `${CANONICAL_DOMAIN}/${ai}/${key}${checkDigit(key)}${pieces}`;
}

/** Percent-decoded, or null when empty, too long, wrongly escaped or outside the character set. */
function decoded(text: string, longest: number, charset: RegExp): string | null {
  if (text.length > 3 * longest || /%(?![0-9A-Fa-f]{2})/.test(text)) return null;
  // A byte that is no ASCII is in no character set.
  const raw = text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return raw && raw.length <= longest && charset.test(raw) ? raw : null;
}

/** The key may stand behind any path, so it is looked for from the left among the last segments. */
function linkOfLink(uri: string): string | null {
  const [, rest] = /^https?:\/\/([^?#]*)/i.exec(uri) ?? [];
  if (rest === undefined) return null;
  const segments = rest.split("/");
  // Below /id/ makers have their own things.
  if (segments[1] === "id") return null;
  // Keys and qualifiers come in pairs: only every other segment can be the key.
  const first = Math.max(1, segments.length - MOST_SEGMENTS);
  for (let at = first + ((segments.length - first) % 2); at < segments.length - 1; at += 2) {
    const ai = keyNamed(segments[at]!);
    const link = ai === null ? null : linkOfPairs(ai, segments[at + 1]!, segments.slice(at + 2));
    if (link !== null && segments[0]) return link;
  }
  return null;
}

function linkOfPairs(ai: string, encoded: string, rest: readonly string[]): string | null {
  const key = decoded(encoded, 30, ai === "8010" ? CHARSET_39 : CHARSET_82);
  if (key === null || !KEY_VALUES.get(ai)!.test(key)) return null;
  const allowed = QUALIFIERS.get(ai) ?? [];
  let reached = 0;
  let finest = "";
  for (let at = 0; at < rest.length; at += 2) {
    const qualifier = NAMES.get(rest[at]!) ?? rest[at]!;
    const place = allowed.findIndex(([name]) => name === qualifier);
    if (place < reached) return null;
    reached = place + 1;
    const charset = NUMERIC_QUALIFIERS.includes(qualifier) ? DIGITS : CHARSET_82;
    const raw = decoded(rest[at + 1]!, allowed[place]![1], charset);
    if (raw === null) return null;
    if (!ATTRIBUTES.includes(qualifier)) finest = `/${qualifier}/${escaped(raw)}`;
  }
  const whole = ai === "01" ? key.padStart(14, "0") : key;
  const place = CHECK_DIGITS.get(ai);
  if (place !== undefined && whole[place - 1] !== checkDigit(whole.slice(0, place - 1))) return null;
  return `${CANONICAL_DOMAIN}/${ai}/${escaped(whole)}${finest}`;
}
