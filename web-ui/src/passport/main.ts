// The passport's page checks its own proofs: it fetches the bundles, runs the eight steps here, and shows each of them.
// Only what this device has calculated is called checked; what the server wrote stays what the server says.

import { element } from "../page/element.ts";
import { preferredLocale, Texts } from "../page/text.ts";
import { type Checked, Report, verifyBundles, type VerifyOptions } from "../verifier.ts";

type Outcome = "passed" | "failed" | "open";

const section = document.getElementById("checking");
const button = section?.querySelector("button");
const output = section?.querySelector(".checked");

if (section && button && output) {
  const texts = new Texts(preferredLocale([section.dataset["locale"] ?? "en"]));
  button.hidden = false;
  button.addEventListener("click", () => {
    void check(texts, section, button, output);
  });
  // At once, unless the reader's connection is to be spared.
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection;
  if (!connection?.saveData) void check(texts, section, button, output);
}

async function check(texts: Texts, from: HTMLElement, pressed: HTMLButtonElement, into: Element): Promise<void> {
  pressed.disabled = true;
  const progress = element("p", { role: "status" }, texts.text("asking"));
  into.replaceChildren(progress);
  try {
    const answer = await fetch(from.dataset["proofs"] ?? "", { credentials: "omit" });
    if (!answer.ok) throw new Error(String(answer.status));
    const data = new Uint8Array(await answer.arrayBuffer());
    const options: VerifyOptions = {
      onProgress: (_, done, total) => {
        progress.textContent = `${texts.counted("working", total)} ${done}/${total}`;
      },
    };
    const headers = from.dataset["headers"];
    const service = headers ? { services: [{ url: headers, dialect: "chaintracks" as const }] } : {};
    const checked = await verifyBundles(data, { ...options, ...service });
    const summary = judged(texts, checked, from);
    into.replaceChildren(...shown(texts, checked, summary));
    above(summary);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    above({ outcome: "failed", title: texts.text("verdict.failed"), text: texts.text("verdict.unreadable") });
    into.replaceChildren(
      element("p", { class: "result failed" }, texts.text("verdict.unreadable")),
      element("p", {}, texts.text("says.unreadable")),
      element("p", { lang: "en", dir: "ltr" }, why),
    );
  }
  pressed.disabled = false;
}

interface Summary {
  readonly outcome: Outcome;
  readonly title: string;
  readonly text: string;
}

/** What the checks come to. The proofs must be as many as the page's records, and one must speak of its item. */
function judged(texts: Texts, checked: readonly Checked[], from: HTMLElement): Summary {
  const reports = reportsOf(checked);
  const valid = reports.filter((one) => one.valid).length;
  const failed = checked.filter(({ report }) => !report || report.steps.some((step) => step.outcome === "failed")).length;
  const count = Math.max(reports.length + unreadableOf(checked), Number(from.dataset["count"]));
  const uri = from.dataset["uri"] ?? "";
  const spoken = reports.some((one) => JSON.stringify(one.event).includes(uri));
  const alarm = reports.some((one) => one.alarm);
  const outcome: Outcome = failed || alarm ? "failed" : valid === count && spoken ? "passed" : "open";
  const title = alarm ? "verdict.alarm" : (`verdict.${outcome}` as const);
  const text =
    outcome === "passed"
      ? texts.counted("summary.passed", valid)
      : texts.text("summary.mixed", { passed: valid, count, failed, open: count - valid - failed });
  return { outcome, title: texts.text(title), text };
}

function unreadableOf(checked: readonly Checked[]): number {
  return checked.filter(({ report }) => !report).length;
}

/** Those of records; a certificate among them says nothing of how many records there are. */
function reportsOf(checked: readonly Checked[]): readonly Report[] {
  return checked.flatMap(({ report }) => (report instanceof Report ? [report] : []));
}

/** The verdict on top of the page says what was found here, too: it was written before anything was checked. */
function above({ outcome, title, text }: Summary): void {
  const line = document.querySelector(".verdict .server");
  if (line) line.textContent = text;
  if (outcome !== "failed") return;
  const verdict = document.querySelector(".verdict");
  verdict?.classList.replace("proven", "doubtful");
  const heading = verdict?.querySelector("h2");
  if (heading) heading.textContent = title;
}

function shown(texts: Texts, checked: readonly Checked[], { outcome, title, text }: Summary): readonly Node[] {
  const reports = reportsOf(checked);
  return [
    element("p", { class: `result ${outcome}`, "data-outcome": outcome }, title),
    element("p", {}, text),
    ...(unreadableOf(checked) ? [element("p", {}, texts.text("says.unreadable"))] : []),
    ...(reports[0] ? [element("ol", { class: "steps" }, ...steps(texts, reports))] : []),
    element("p", { class: "lead" }, texts.text("says.truth")),
  ];
}

function steps(texts: Texts, reports: readonly Report[]): readonly HTMLElement[] {
  return reports[0]!.steps.map((first, at) => {
    const all = reports.map((one) => one.steps[at]!);
    const worst = all.find((one) => one.outcome === "failed") ?? all.find((one) => one.outcome !== "passed") ?? first;
    const passed = all.filter((one) => one.outcome === "passed").length;
    const outcome: Outcome = worst.outcome === "not checked" ? "open" : worst.outcome;
    // Why it did not pass, as the verifier says it in every language: English.
    const why = outcome === "passed" ? null : element("small", { lang: "en", dir: "ltr" }, worst.detail);
    return element(
      "li",
      { class: outcome, "data-step": first.name, "data-outcome": outcome },
      element("span", {}, texts.at(`step.${first.name}`), element("small", {}, `${passed}/${all.length}`), why),
      element("span", { class: "outcome" }, texts.at(`outcome.${worst.outcome}`)),
    );
  });
}
