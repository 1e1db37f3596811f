// The page on which a piece's token is claimed: the bearer code is read and used here and leaves this device only as a
// signature. Its words stand in the page, put there in the reader's language.

import { hex } from "../proof/bytes.ts";
import { InvalidInput } from "../proof/errors.ts";
import { codeSecret, encodeCode } from "./bearer.ts";
import { addressHash, keyHash, type Place, signSingle } from "./claim.ts";

interface Found extends Place {
  readonly token: string;
  readonly piece: string;
  readonly addressVersion: number;
}

const form = document.querySelector<HTMLFormElement>("form.claim");
const state = document.querySelector<HTMLElement>(".state");
const fresh = document.querySelector<HTMLElement>(".fresh");

let made = "";

if (form && state && fresh) {
  form.hidden = false;
  form.addEventListener("change", () => {
    state.textContent = "";
    choose(form, fresh);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void claim(form, state);
  });
  choose(form, fresh);
}

function word(key: string, values: Readonly<Record<string, string>> = {}): string {
  const template = document.querySelector<HTMLTemplateElement>("template#words");
  const text = template?.content.querySelector(`[data-key="${key}"]`)?.textContent ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function field(name: string): string {
  const found = form?.elements.namedItem(name);
  return found && "value" in found ? String(found.value) : "";
}

/** Show what belongs to the way that was chosen; a new code is made when it is asked for, and only shown here. */
function choose(from: HTMLFormElement, shown: HTMLElement): void {
  const code = field("to") === "code";
  shown.hidden = !code;
  from.querySelector<HTMLElement>(".address")!.hidden = code;
  if (code && !made) {
    for (;;) {
      try {
        made = encodeCode(crypto.getRandomValues(new Uint8Array(16)));
        codeSecret(made);
        break;
      } catch {
        // Once in 2^127 codes there is no key.
      }
    }
    shown.querySelector("code")!.textContent = made;
  }
}

async function load(path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = { Accept: "application/json", ...init.headers };
  const answer = await fetch(path, { ...init, headers, credentials: "omit" });
  const value: unknown = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, (value as { detail?: string }).detail ?? "");
  return value;
}

class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

class Unanswered extends Error {}

async function claim(from: HTMLFormElement, into: HTMLElement): Promise<void> {
  const button = from.querySelector("button")!;
  button.disabled = true;
  try {
    await move(into);
    from.hidden = true;
  } catch (error) {
    into.textContent = reason(error);
    into.focus();
  }
  button.disabled = false;
}

async function move(into: HTMLElement): Promise<void> {
  const secret = codeSecret(field("code"));
  const toCode = field("to") === "code";
  if (toCode && !(from("kept") as HTMLInputElement).checked) throw new InvalidInput(word("keep"), "$.kept");
  into.textContent = word("looking");
  const found = (await load(`/tokens/place?owner=${hex(keyHash(secret))}`)) as Found;
  const piece = form?.dataset["piece"] ?? "";
  if (found.piece !== piece) throw new InvalidInput(word("other", { piece: found.piece }), "$.piece");
  const hash = toCode ? keyHash(codeSecret(made)) : addressHash(field("address"), found.addressVersion);
  const body = JSON.stringify({
    token: found.token,
    owner: hex(hash),
    unlocking: hex(signSingle(found, hash, secret)),
  });
  await send(body);
  into.textContent = word(toCode ? "done.code" : "done");
  // Whoever said too soon that they have it can still write it down.
  if (toCode) into.append(" ", fresh!.querySelector("code")!.cloneNode(true));
}

/** Send the signature. An answer that is lost says nothing of what was done with it. */
async function send(body: string): Promise<void> {
  try {
    await load("/tokens/claims", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  } catch (error) {
    throw error instanceof Refused && error.status < 500 ? error : new Unanswered();
  }
}

function from(name: string): Element {
  const found = form?.elements.namedItem(name);
  if (!(found instanceof Element)) throw new InvalidInput(name, "$");
  return found;
}

function reason(error: unknown): string {
  if (error instanceof Unanswered) return word("unknown");
  if (error instanceof Refused) {
    const known = error.status === 409 ? "used" : error.status === 404 ? "nothing" : "refused";
    return `${word(known)} ${error.message}`.trim();
  }
  if (error instanceof InvalidInput) {
    const place = /^\$\.(\d+)$/.exec(error.path);
    if (place) return word("mistyped.at", { place: place[1]! });
    if (error.path === "$.kept" || error.path === "$.piece") return error.reason;
    return word(error.reason.includes("address") ? "noaddress" : "mistyped");
  }
  return word("refused");
}
