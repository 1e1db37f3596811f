// For the tests: what this verifier says of many cases, to be compared with what proof/verify.py says of them.
//
// Standard input has lines of two kinds: a context, in JSON, which holds until the next one; a case, in base64.

import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64 } from "./proof/fields.ts";
import { bundleLines } from "./proof/bundle.ts";
import { FirsthandError, UnreadableInput } from "./proof/errors.ts";
import { ROLES } from "./proof/parties.ts";
import type { Step } from "./proof/anchored.ts";
import { isCertificate } from "./proof/certificate_proof.ts";
import { CERTIFICATE_STEPS, type CertificateReport, verifyCertificate } from "./proof/certificate_verify.ts";
import { gunzip } from "./proof/gzip.ts";
import { type Judgement, judge } from "./proof/standing.ts";
import { decodeBits } from "./proof/status_list.ts";
import { type Report, STEPS, verify } from "./proof/verify.ts";
import { CERTIFICATE_TYPES, type CheckedCertificate, forEvent, standing } from "./certificate_check.ts";
import { canonical } from "./events/identifiers.ts";
import { microseconds, timestampText } from "./events/instants.ts";
import { checkHeaders, RawHeaders } from "./headers/raw.ts";
import data from "./headers/networks.json";
import { codeEntropy, codeSecret, encodeCode } from "./own/bearer.ts";
import { keyHash, type Place, signSingle } from "./own/claim.ts";
import { fromHex, hex } from "./proof/bytes.ts";

declare const process: {
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(text: string): void };
};

interface Claim {
  readonly code: string;
  readonly place: Place;
  readonly owner: string;
}

interface Context {
  readonly network: string;
  readonly start: number;
  readonly headers: string | null;
  readonly seals: string | null;
  readonly since: string | null;
  readonly occasions?: readonly Asked[];
  readonly mode: "verify" | "headers" | "constants" | "claim" | "certificate" | "file" | "value";
}

function bytes(text: string): Uint8Array {
  return fromBase64({ text }, "text", "$");
}

function optional(text: string | null): Uint8Array | undefined {
  return text === null ? undefined : bytes(text);
}

/** What is asked of a certificate: times as RFC 3339. */
interface Asked {
  readonly place: number | null;
  readonly time: string;
  readonly subject: string | null;
  readonly scheme: string | null;
}

const MOST_UNPACKED = 50_000;

/** A value, and what to read it as. */
interface Value {
  readonly kind: "time" | "identifier" | "bits" | "gzip";
  readonly text: string;
}

function told(steps: readonly Step[]): unknown {
  return steps.map((step) => [step.name, step.outcome, step.detail]);
}

function said(report: Report): unknown {
  const steps = told([...report.steps, ...report.further]);
  const { valid, network, log, place, key, blockHeight, blockTime, depth } = report;
  return { valid, network, log, place, key, blockHeight, blockTime, depth, party: report.party?.uri ?? null, steps };
}

function saidOfCertificate(report: CertificateReport, occasions: readonly Asked[]): unknown {
  const { proven, network, log, place, key, blockHeight, blockTime, depth } = report;
  const states = (report.credential?.status ?? []).map((entry) => [
    entry,
    (report.states.get(entry) ?? []).map((state) => ({ ...state, freshUntil: state.freshUntil?.toString() ?? null })),
  ]);
  return {
    ...{ proven, network, log, place, key, blockHeight, blockTime, depth, states },
    steps: told(report.steps),
    recordedBy: report.recordedBy?.uri ?? null,
    issuer: report.issuer?.uri ?? null,
    trust: report.trust?.number ?? null,
    after: [...report.after].map(([at, seen]) => [at, seen.height]),
    standings: report.credential ? occasions.map((asked) => answered(() => judged(report, asked))) : [],
    standing: saidOfStanding(standing(report)),
  };
}

/** How it stands by all that is known of it, even if it is not proven. */
function judged(report: CertificateReport, { place, time, subject, scheme }: Asked): Judgement {
  const { credential, key, issuer, states, trust } = report;
  const evidence = { credential: credential!, key, bound: issuer?.keys.includes(key) ?? false, place: report.place, states };
  const subjects = subject === null ? null : new Set([subject]);
  return judge(evidence, scheme, trust, { time: microseconds(time), place, subjects });
}

/** As `plain_standing` in cli/certificate_text.py. */
function saidOfStanding({ report, kind, judgement }: CheckedCertificate): unknown {
  const { credential, place } = report;
  return {
    id: credential?.id ?? null,
    type: kind?.name ?? null,
    issuer: credential?.issuer ?? null,
    subjects: credential?.subjects ?? [],
    claims: kind?.claims ?? [],
    ...judgement,
    place,
  };
}

/** The lines of a file together: how its certificates stand for each of its events. */
function saidOfFile(data: Uint8Array): unknown {
  const all = bundleLines(data);
  const certificates = all.filter(isCertificate).map((line) => verifyCertificate(line, headers));
  const events = all.filter((line) => !isCertificate(line)).map((line) => verify(line, headers));
  return events.map((event) => forEvent(event, certificates).map(saidOfStanding));
}

function saidOfValue({ kind, text }: Value): unknown {
  if (kind === "time") return [String(microseconds(text)), answered(() => timestampText(microseconds(text)))];
  if (kind === "bits") return hex(sha256(decodeBits(text)));
  if (kind === "gzip") return hex(sha256(gunzip(bytes(text), MOST_UNPACKED)));
  return canonical(text);
}

function answer(work: () => unknown): string {
  return JSON.stringify(answered(work));
}

function answered(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FirsthandError)) throw error;
    const path = "path" in error ? error.path : "";
    return { refused: error instanceof UnreadableInput ? "unreadable" : "invalid", path };
  }
}

async function lines(): Promise<readonly string[]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of process.stdin) text += decoder.decode(chunk, { stream: true });
  return text.split("\n").slice(0, -1);
}

function constants(): unknown {
  const types = Object.fromEntries(CERTIFICATE_TYPES);
  return { steps: STEPS, certificateSteps: CERTIFICATE_STEPS, roles: ROLES, networks: data, types };
}

let context: Context | null = null;
let headers: RawHeaders | null = null;

function take(line: string): string | null {
  if (line.startsWith("{")) {
    context = JSON.parse(line) as Context;
    const raw = optional(context.headers ?? null);
    headers = raw ? new RawHeaders(context.network, context.start, raw) : null;
    return context.mode === "constants" ? answer(constants) : null;
  }
  if (context?.mode === "headers") {
    return answer(() => {
      const { network, start, tipHeight } = checkHeaders(bytes(line));
      return { network, start, tipHeight };
    });
  }
  if (context?.mode === "claim") {
    return answer(() => {
      // A code, a place and an owner: the key, the code again, and the script that gives the token away.
      const { code, place, owner } = JSON.parse(new TextDecoder().decode(bytes(line))) as Claim;
      const secret = codeSecret(code);
      const unlocking = hex(signSingle(place, fromHex(owner), secret));
      return { secret: hex(secret), code: encodeCode(codeEntropy(code)), hash: hex(keyHash(secret)), unlocking };
    });
  }
  if (context?.mode === "certificate") {
    return answer(() => saidOfCertificate(verifyCertificate(bytes(line), headers), context?.occasions ?? []));
  }
  if (context?.mode === "file") return answer(() => saidOfFile(bytes(line)));
  if (context?.mode === "value") {
    return answer(() => saidOfValue(JSON.parse(new TextDecoder().decode(bytes(line))) as Value));
  }
  const further = { seals: optional(context?.seals ?? null), since: optional(context?.since ?? null) };
  return answer(() => said(verify(bytes(line), headers, further)));
}

for (const line of await lines()) {
  const found = take(line);
  if (found !== null) process.stdout.write(`${found}\n`);
}
