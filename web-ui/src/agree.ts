// For the tests: what this verifier says of many cases, to be compared with what proof/verify.py says of them.
//
// Standard input has a context on its first line and a base64 text of bytes, a would-be bundle, on each further one.

import { fromBase64 } from "./proof/fields.ts";
import { FirsthandError, UnreadableInput } from "./proof/errors.ts";
import { ROLES } from "./proof/parties.ts";
import { Report, STEPS, verify } from "./proof/verify.ts";
import { checkHeaders, RawHeaders } from "./headers/raw.ts";
import data from "./headers/networks.json";

declare const process: {
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(text: string): void };
};

interface Context {
  readonly network: string;
  readonly start: number;
  readonly headers: string | null;
  readonly seals: string | null;
  readonly since: string | null;
  readonly mode: "verify" | "headers" | "constants";
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

const [first, ...cases] = await lines();
const context = JSON.parse(first ?? "{}") as Context;
if (context.mode === "constants") {
  process.stdout.write(`${JSON.stringify({ steps: STEPS, roles: ROLES, networks: data })}\n`);
} else if (context.mode === "headers") {
  for (const line of cases) {
    const found = answer(() => {
      const { network, start, tipHeight } = checkHeaders(bytes(line));
      return { network, start, tipHeight };
    });
    process.stdout.write(`${found}\n`);
  }
} else {
  const raw = optional(context.headers);
  const headers = raw ? new RawHeaders(context.network, context.start, raw) : null;
  const further = { seals: optional(context.seals), since: optional(context.since) };
  for (const line of cases) process.stdout.write(`${answer(() => said(verify(bytes(line), headers, further)))}\n`);
}
