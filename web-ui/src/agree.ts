// For the tests: what this verifier says of many cases, to be compared with what proof/verify.py says of them.
//
// Standard input has lines of two kinds: a context, in JSON, which holds until the next one; a case, in base64.

import { fromBase64 } from "./proof/fields.ts";
import { FirsthandError, UnreadableInput } from "./proof/errors.ts";
import { ROLES } from "./proof/parties.ts";
import { Report, STEPS, verify } from "./proof/verify.ts";
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
  readonly mode: "verify" | "headers" | "constants" | "claim";
}

function bytes(text: string): Uint8Array {
  return fromBase64({ text }, "text", "$");
}

function optional(text: string | null): Uint8Array | undefined {
  return text === null ? undefined : bytes(text);
}

function said(report: Report): unknown {
  const steps = [...report.steps, ...report.further].map((step) => [step.name, step.outcome, step.detail]);
  const { valid, network, log, place, key, blockHeight, blockTime, depth } = report;
  return { valid, network, log, place, key, blockHeight, blockTime, depth, party: report.party?.uri ?? null, steps };
}

function answer(work: () => unknown): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    if (!(error instanceof FirsthandError)) throw error;
    const path = "path" in error ? error.path : "";
    return JSON.stringify({ refused: error instanceof UnreadableInput ? "unreadable" : "invalid", path });
  }
}

async function lines(): Promise<readonly string[]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of process.stdin) text += decoder.decode(chunk, { stream: true });
  return text.split("\n").slice(0, -1);
}

let context: Context | null = null;
let headers: RawHeaders | null = null;

function take(line: string): string | null {
  if (line.startsWith("{")) {
    context = JSON.parse(line) as Context;
    const raw = optional(context.headers ?? null);
    headers = raw ? new RawHeaders(context.network, context.start, raw) : null;
    return context.mode === "constants" ? JSON.stringify({ steps: STEPS, roles: ROLES, networks: data }) : null;
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
  const further = { seals: optional(context?.seals ?? null), since: optional(context?.since ?? null) };
  return answer(() => said(verify(bytes(line), headers, further)));
}

for (const line of await lines()) {
  const found = take(line);
  if (found !== null) process.stdout.write(`${found}\n`);
}
