"""A statement's proof: account entries shown with their documents, each in the log, anchored, in a block.

One line a document, in canonical form and ended by LF, as in a bundle file. Steps 3 to 8 are those of an
event's bundle; in place of the event and its capture there are the disclosed entries and the document whose
root they lead to. Beside them stands whether the entries of all lines are whole accounts that add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import FirsthandError, InvalidInput, UnreadableInput
from firsthand.proof.account import (
    BookedEntry,
    check_run,
    entry_leaf_of,
    parse_entries_document,
    read_entry,
)
from firsthand.proof.bundle import MAX_BUNDLE, Bundle, parse_bundle, write_bundle
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.capture import Manifest
from firsthand.proof.checkpoint import parse_note
from firsthand.proof.fields import base64_text, from_base64, member, only_members, place_of
from firsthand.proof.headers import HeaderView
from firsthand.proof.merkle import root_from_inclusion
from firsthand.proof.verify import Outcome, Report, Step, Verification

__all__ = [
    "STEPS",
    "DisclosedEntry",
    "StatementReport",
    "statement_network",
    "verify_statement",
    "write_statement_line",
]

STEPS: Final = ("entries", "document", "signature", "log", "checkpoint", "anchor", "block", "header")
_ENTRIES: Final = "entries"


@dataclass(frozen=True, slots=True)
class DisclosedEntry:
    """A disclosure with its index under the document's root and its inclusion proof, lowest node first."""

    disclosure: str
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StatementReport:
    """A report a document, the entries in their accounts' order, and whether these are whole."""

    documents: list[Report]
    entries: list[BookedEntry]
    whole: Step

    @property
    def valid(self) -> bool:
        """Whether all steps of all documents passed, and the accounts add up."""
        passed = all(
            [step.name for step in report.steps if step.outcome is Outcome.PASSED] == list(STEPS)
            for report in self.documents
        )
        return passed and self.whole.outcome is Outcome.PASSED


def write_statement_line(entries: Iterable[DisclosedEntry], bundle: Bundle) -> bytes:
    """One line: the entries, and what a bundle has for the document at `bundle.capture`."""
    value = parse_canonical(write_bundle(bundle)[:-1])
    for name in ("event", "eventProof"):
        del value[name]
    shown = [
        {"disclosure": entry.disclosure, "index": entry.index, "path": base64_text(b"".join(entry.path))}
        for entry in entries
    ]
    return canonical({**value, _ENTRIES: shown}) + b"\n"


def verify_statement(data: bytes, headers: HeaderView | None) -> StatementReport:
    """Check a whole file. Raises UnreadableInput or InvalidInput when it cannot be read as one at all."""
    if not data.endswith(b"\n"):
        raise UnreadableInput("the file is empty or cut short; expected one line of JSON a document")
    reports: list[Report] = []
    entries: list[BookedEntry] = []
    for line in data[:-1].split(b"\n"):
        shown, bundle = _parse(line)
        run = _StatementVerification(bundle, headers, shown)
        reports.append(run.run(STEPS))
        entries += run.entries
    return StatementReport(reports, _in_order(entries), _whole(entries))


def statement_network(data: bytes) -> str:
    """The network that the file says it is of; step 8 checks it. Raises UnreadableInput or InvalidInput."""
    _, bundle = _parse(data.partition(b"\n")[0])
    try:
        return parse_note(bundle.checkpoint).checkpoint.network
    except UnreadableInput:
        return ""


class _StatementVerification(Verification):
    """The steps over one document; the first two differ from an event's."""

    def __init__(self, bundle: Bundle, headers: HeaderView | None, shown: list[DisclosedEntry]) -> None:
        super().__init__(bundle, headers)
        self._shown = shown
        self.entries: list[BookedEntry] = []

    # 1. Entries: each disclosure is one of an account entry.
    def event(self) -> str:
        self.entries = [
            read_entry(entry.disclosure, f"$.entries[{at}]") for at, entry in enumerate(self._shown)
        ]
        return f"{len(self.entries)} entries disclosed"

    # 2. Document: each leads to the document's root.
    def capture(self) -> str:
        document = parse_entries_document(self.bundle.capture.document, "$.document.document")
        self.report.manifest = Manifest(document.issuer, document.created, document.count, document.root)
        for at, entry in enumerate(self._shown):
            leaf = entry_leaf_of(entry.disclosure)
            if root_from_inclusion(leaf, entry.index, document.count, entry.path) != document.root:
                raise InvalidInput("does not lead to the document's root", f"$.entries[{at}]")
        return f"{len(self._shown)} of the document's {document.count} entries"


def _parse(line: bytes) -> tuple[list[DisclosedEntry], Bundle]:
    if len(line) > MAX_BUNDLE:
        raise UnreadableInput(f"a line has at most {MAX_BUNDLE} bytes, got {len(line)}")
    try:
        value = parse_canonical(line)
    except InvalidInput as error:
        raise UnreadableInput(f"not a statement's proof: {error}") from None
    if type(value) is not dict:
        raise UnreadableInput("not a statement's proof: expected a JSON object")
    listed = member(value, _ENTRIES, list, "$")
    if not listed:
        raise InvalidInput("expected at least one entry", "$.entries")
    shown = [_entry(item, f"$.entries[{at}]") for at, item in enumerate(listed)]
    for name in ("event", "eventProof"):
        if name in value:
            raise InvalidInput("unknown member", f"$.{name}")
    rest = {name: item for name, item in value.items() if name != _ENTRIES}
    # The rest has a bundle's form; what it has no event for is filled in, and not looked at.
    return shown, parse_bundle(canonical({**rest, "event": {}, "eventProof": {"index": 0, "path": ""}}))


def _entry(value: Any, path: str) -> DisclosedEntry:
    if type(value) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(value, frozenset(("disclosure", "index", "path")), path)
    nodes = from_base64(value, "path", path)
    if len(nodes) % 32 or len(nodes) > 64 * 32:
        raise InvalidInput("expected up to 64 nodes of 32 bytes", f"{path}.path")
    return DisclosedEntry(
        member(value, "disclosure", str, path),
        place_of(value, "index", path),
        tuple(nodes[at : at + 32] for at in range(0, len(nodes), 32)),
    )


def _in_order(entries: list[BookedEntry]) -> list[BookedEntry]:
    return sorted(entries, key=lambda entry: (entry.season, entry.member, entry.number))


def _whole(entries: list[BookedEntry]) -> Step:
    accounts: dict[tuple[str, str], list[BookedEntry]] = {}
    for entry in _in_order(entries):
        accounts.setdefault((entry.season, entry.member), []).append(entry)
    try:
        for run in accounts.values():
            check_run(run)
    except FirsthandError as error:
        return Step("whole", Outcome.FAILED, str(error))
    shown = "; ".join(
        f"{run[-1].season}: {len(run)} entries without a gap, balance {run[-1].balance} {run[-1].currency}"
        for run in accounts.values()
    )
    return Step("whole", Outcome.PASSED, shown)
