// How a certificate stands, as of one occasion: the mirror of proof/standing.py.

import { canonical } from "../events/identifiers.ts";
import { timestampText } from "../events/instants.ts";
import type { Credential, StatusEntry } from "./credential.ts";
import { type Believed, believedFor, type TrustList } from "./trust_list.ts";

/** One word for how a certificate stands. */
export type Standing =
  | "valid"
  | "not yet valid"
  | "expired"
  | "revoked"
  | "suspended"
  | "of another subject"
  | "unrecognised issuer"
  | "unknown";

/** One bit of a status list from the change at `place` on, up to the place of the next known change. */
export interface State {
  readonly place: number;
  /** Null where no later change is known. */
  readonly until: number | null;
  readonly set: boolean;
  /** An observed list says nothing of times after this, in microseconds since 1970. */
  readonly freshUntil: bigint | null;
}

/** What is known of a certificate: its place, its key, and how its status went. */
export interface Evidence {
  readonly credential: Credential;
  readonly key: string;
  /** A party statement before that place says that the key speaks for the issuer. */
  readonly bound: boolean;
  readonly place: number;
  /** By entry of the credential, in the order of their places; an entry that is missing there is unknown. */
  readonly states: ReadonlyMap<StatusEntry, readonly State[]>;
}

/** What a certificate is asked about: an event's place and time, and the URIs that it may speak of. */
export interface Occasion {
  readonly time: bigint;
  /** Null is the end of the log. */
  readonly place: number | null;
  /** Null asks of whatever the certificate speaks of. */
  readonly subjects: ReadonlySet<string> | null;
}

/** The word, its reason, and what happened afterwards. */
export interface Judgement {
  readonly standing: Standing;
  readonly detail: string;
  readonly later: readonly string[];
}

const WORDS: ReadonlyMap<string, Standing> = new Map([
  ["revocation", "revoked"],
  ["suspension", "suspended"],
]);

/** How a certificate of a scheme stands on an occasion; a scheme of null, or no trust list, recognises nobody. */
export function judge(evidence: Evidence, scheme: string | null, trust: TrustList | null, occasion: Occasion): Judgement {
  const { credential } = evidence;
  const { time } = occasion;
  const judged = (standing: Standing, detail: string, later: readonly string[] = []): Judgement => ({
    standing,
    detail,
    later,
  });
  if (occasion.subjects) {
    const wanted = new Set([...occasion.subjects].map(canonical));
    if (!credential.subjects.some((subject) => wanted.has(canonical(subject)))) {
      return judged("of another subject", `it speaks of ${credential.subjects.join(", ") || "nothing named"}`);
    }
  }
  if (!recognised(evidence, scheme, trust, time)) {
    return judged("unrecognised issuer", whyUnrecognised(evidence, scheme, trust));
  }
  const place = occasion.place === null ? null : Math.max(occasion.place, evidence.place + 1);
  const later = laterOf(evidence, place);
  const [against] = byStatus(evidence, place, time);
  if (against) return judged(...against, later);
  if (credential.validFrom !== null && time < credential.validFrom) {
    return judged("not yet valid", `it holds from ${timestampText(credential.validFrom)}`, later);
  }
  if (credential.validUntil !== null && time > credential.validUntil) {
    return judged("expired", `it held until ${timestampText(credential.validUntil)}`, later);
  }
  const after = occasion.place !== null && evidence.place > occasion.place ? ", after the event" : "";
  return judged("valid", `on record since place ${evidence.place}${after}`, later);
}

/** Who is believed for this certificate: its issuer, where the list names it and its key is theirs. */
function recognised(evidence: Evidence, scheme: string | null, trust: TrustList | null, time: bigint): Believed | null {
  if (!trust || scheme === null) return null;
  const { issuer } = evidence.credential;
  const believed = believedFor(trust, scheme, issuer, time);
  const isTheirs = issuer.startsWith("did:") || evidence.bound || believed?.keys.includes(evidence.key);
  return isTheirs ? believed : null;
}

/** The state that holds at a place (null: at the end); null where it is not known. */
export function stateAt(states: readonly State[], place: number | null): State | null {
  if (place === null) {
    const last = states[states.length - 1];
    return last && last.until === null ? last : null;
  }
  return states.find((one) => one.place < place && (one.until === null || place <= one.until)) ?? null;
}

/** What the status lists say against it, the gravest first. */
function byStatus(evidence: Evidence, place: number | null, time: bigint): readonly (readonly [Standing, string])[] {
  const found: (readonly [Standing, string])[] = [];
  const unknown: (readonly [Standing, string])[] = [];
  for (const entry of evidence.credential.status) {
    const state = stateAt(evidence.states.get(entry) ?? [], place);
    if (state?.set) {
      const word = WORDS.get(entry.purpose);
      const text = `by the list ${entry.list} at place ${state.place}`;
      found.push(word ? [word, text] : ["unknown", `${entry.purpose}: set ${text}`]);
    } else if (!state) {
      unknown.push(["unknown", `the ${entry.purpose} list ${entry.list} is not known for then`]);
    } else if (state.until === null && state.freshUntil !== null && time > state.freshUntil) {
      const until = timestampText(state.freshUntil);
      unknown.push(["unknown", `the ${entry.purpose} list ${entry.list} was seen last when it held until ${until}`]);
    }
  }
  const revoked = found.filter(([word]) => word === "revoked");
  return [...revoked, ...found.filter(([word]) => word !== "revoked"), ...unknown];
}

/** What became of it after that place, in order. */
function laterOf(evidence: Evidence, place: number | null): readonly string[] {
  if (place === null) return [];
  const told: (readonly [number, string])[] = [];
  for (const entry of evidence.credential.status) {
    const word = WORDS.get(entry.purpose) ?? entry.purpose;
    const states = evidence.states.get(entry) ?? [];
    let held = stateAt(states, place)?.set ?? false;
    for (const state of states) {
      if (state.place < place || state.set === held) continue;
      held = state.set;
      told.push([state.place, `${held ? word : `no longer ${word}`} since place ${state.place}`]);
    }
  }
  return told.sort(([a], [b]) => a - b).map(([, text]) => text);
}

function whyUnrecognised({ credential, key }: Evidence, scheme: string | null, trust: TrustList | null): string {
  const { issuer } = credential;
  if (!trust) return `there is no trust list to say whether ${issuer} is believed`;
  if (scheme === null) return "it is of no type that a profile knows";
  if (trust.schemes.get(scheme)?.some((one) => one.issuer === issuer)) {
    return `${issuer} is believed for ${scheme}, but not then, or not by the key ${key}`;
  }
  return `${issuer} is not on the trust list for ${scheme}`;
}
