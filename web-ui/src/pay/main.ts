// The page of one payment: checks what a wallet is to pay, asks the reader's own BRC-100 wallet for one transaction, and
// follows it into a block. Its words stand in the page, put there in the reader's language.

import type { WalletClient } from "@bsv/sdk";
import { checkOutputs, type Output } from "./outputs.ts";

interface Payment {
  readonly id: string;
  readonly satoshis: number;
  readonly outputs?: readonly Output[];
  readonly state: string;
}

const POLL_MS = 3_000;
const ENDED = ["mined", "refused"];

// The SDK is larger than all the rest: only who pays by it loads it.
const WALLET = "./wallet.js";

const section = document.getElementById("payment");
const ask = section?.querySelector<HTMLButtonElement>("button.ask");
const state = section?.querySelector(".state");
const checks = section?.querySelector(".checks");

if (section && state && checks) {
  if (ask && section.dataset["state"] === "waiting") {
    ask.hidden = false;
    ask.addEventListener("click", () => void pay(ask, state, checks));
  }
  if (!ask || section.dataset["state"] !== "waiting") void follow(state);
}

function word(key: string, values: Readonly<Record<string, string>> = {}): string {
  const template = document.querySelector<HTMLTemplateElement>("template#words");
  const text = template?.content.querySelector(`[data-key="${key}"]`)?.textContent ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

async function load(path: string, init: RequestInit = {}): Promise<Payment> {
  const headers = { Accept: "application/json", ...init.headers };
  const answer = await fetch(path, { ...init, headers, credentials: "omit" });
  const value: unknown = await answer.json();
  if (!answer.ok) throw new Error((value as { detail?: string }).detail ?? String(answer.status));
  return value as Payment;
}

async function pay(button: HTMLButtonElement, into: Element, checked: Element): Promise<void> {
  button.disabled = true;
  const path = `/pay/${section?.dataset["id"] ?? ""}`;
  try {
    const payment = await load(path);
    const outputs = payment.outputs ?? [];
    let shown = 0;
    try {
      shown = checkOutputs(outputs, payment.satoshis);
    } catch (error) {
      // The server lies about whose an output is, or about the sum: no wallet may hear of it.
      alarm(into, word("lie"), error);
      return;
    }
    checked.textContent = word("checked", { count: String(shown), total: String(outputs.length) });
    into.textContent = word("asking");
    const sdk = (await import(WALLET)) as { WalletClient: typeof WalletClient };
    const done = await new sdk.WalletClient("auto", location.hostname).createAction({
      description: word("description"),
      labels: ["firsthand"],
      outputs: outputs.map((one) => ({
        lockingScript: one.lockingScript,
        satoshis: one.satoshis,
        outputDescription: word("output"),
      })),
      // The outputs are looked for by what they are; their order is kept for the reader's own records.
      options: { randomizeOutputs: false, acceptDelayedBroadcast: false },
    });
    if (!done.tx) throw new Error("no transaction");
    const body = new Uint8Array(done.tx);
    const headers = { "Content-Type": "application/octet-stream" };
    await load(`${path}/transactions`, { method: "POST", body, headers });
    button.hidden = true;
    await follow(into);
  } catch (error) {
    alarm(into, word("nowallet"), error);
    button.disabled = false;
  }
}

async function follow(into: Element): Promise<void> {
  const path = `/pay/${section?.dataset["id"] ?? ""}`;
  for (;;) {
    try {
      const payment = await load(path);
      section?.setAttribute("data-state", payment.state);
      into.textContent = word(payment.state);
      if (ENDED.includes(payment.state)) return;
    } catch {
      // Asked again: what was paid does not hang on this page.
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function alarm(into: Element, text: string, error: unknown): void {
  const why = document.createElement("small");
  why.lang = "en";
  why.dir = "ltr";
  why.textContent = error instanceof Error ? error.message.slice(0, 200) : "";
  into.replaceChildren(text, " ", why);
}
