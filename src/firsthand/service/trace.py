"""Tracing a lot: what it is made of, what it went into, who has it, whose work it is, and how that is backed.

trace = trace_back(workspace, "https://coop.example/id/item/pack:S25-1-00001")
trace.shares()      # {"https://coop.example/id/party/farmer-F01": Fraction(…), …}, summing to exactly one
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from functools import cached_property, partial

from firsthand.errors import InvalidInput, NotFound
from firsthand.events.identifiers import canonical
from firsthand.ledger.event_index import Kind
from firsthand.ledger.event_sql import Viewer
from firsthand.ledger.lot_events import BACK, FORWARD, MADE, USED, LotEvents, StoredEvent, event_id
from firsthand.proof.canonical import parse_canonical
from firsthand.service.certificate_book import CertificateBook
from firsthand.service.crafts import Crafts
from firsthand.service.workspace import Workspace
from firsthand.trace.composition import Composition, composition, shares
from firsthand.trace.corrections import Correction, Corrections, Declaration, corrections
from firsthand.trace.custody import Custody, custody
from firsthand.trace.evidence import ORIGIN, Certificates, Evidence, claims_of, evidence
from firsthand.trace.findings import Finding, in_order
from firsthand.trace.gather import Direction, Gathered, gather
from firsthand.trace.graph import Link, LotGraph, Node
from firsthand.trace.holdings import Holding, holdings
from firsthand.trace.statement import Statement, read_statement

__all__ = [
    "EVERYTHING",
    "Reader",
    "Trace",
    "event_ids",
    "lot_shares",
    "lot_uri",
    "trace_back",
    "trace_forward",
]

EVERYTHING = Viewer(everything=True)


class Reader:
    """Reads the journal's events as statements, as far as a viewer may see them."""

    def __init__(self, workspace: Workspace, viewer: Viewer = EVERYTHING, published: int = 0) -> None:
        self.workspace = workspace
        self.events = LotEvents(workspace.engine, viewer, published)
        self.crafts = Crafts(workspace)
        self._piece_mass = self.crafts.piece_masses()

    @cached_property
    def corrections(self) -> Corrections:
        """What error declarations leave standing."""
        found = [Declaration(*one) for one in self.events.declarations()]
        issuers = self.events.issuers({number for one in found for number in one.declared + one.corrective})
        return corrections(found, lambda number: issuers.get(number, ""))

    def statements(self, stored: Iterable[StoredEvent]) -> Iterable[Statement]:
        """The statements of stored events, of those that say anything of lots."""
        for number, issuer, time, body in stored:
            statement = read_statement(number, issuer, time, body, self._piece_mass)
            if statement is not None:
                yield statement

    def of_lots(
        self, kinds: Sequence[Kind], lots: Collection[str], known: Collection[int]
    ) -> Iterable[Statement]:
        """The statements of these lots by these kinds, but those of the numbers already known."""
        return self.statements(self.events.of(lots, kinds, known)) if lots else ()

    def used(self, lots: Collection[str]) -> Iterable[Statement]:
        """The standing statements in which these lots are used up, seen or packed."""
        found = self.of_lots(FORWARD, lots, ())
        return [one for one in found if self.corrections.stands(one.number)]

    def made(self, lots: Collection[str]) -> Iterable[Statement]:
        """The standing statements in which these lots come into being, are seen or packed."""
        found = self.of_lots(BACK, lots, ())
        return [one for one in found if self.corrections.stands(one.number)]

    def gather(self, lots: Iterable[str], direction: Direction) -> Gathered:
        """All statements about these lots and everything that they are made of, or went into."""
        return gather(
            lots,
            direction,
            partial(self.of_lots, BACK if direction == "back" else FORWARD),
            partial(self.of_lots, USED if direction == "back" else MADE),
            partial(self.of_lots, (Kind.TRANSFORMATION,)),
            self.corrections.stands,
        )


class Trace:
    """One lot traced in one direction; everything else is worked out when it is asked for."""

    def __init__(
        self, reader: Reader, lot: str, direction: Direction, certificates: Certificates | None = None
    ) -> None:
        self.reader = reader
        self.lot = lot
        self.direction = direction
        self._certificates = certificates
        gathered = reader.gather([lot], direction)
        self.graph = LotGraph(gathered.standing)
        self.starts = self.graph.nodes(lot)
        self.corrections = _touched(reader.corrections, gathered)
        self._withdrawn = {number: gathered.statements[number] for number in self.corrections}
        if not self.starts and not self.corrections:
            raise NotFound(f"no event that you may see speaks of the lot or item {lot}")

    @cached_property
    def nodes(self) -> list[Node]:
        """The lot and all that it is made of, or went into, nearest first."""
        reach = self.graph.back if self.direction == "back" else self.graph.forward
        return reach(self.starts)

    @property
    def lots(self) -> list[str]:
        """Their URIs, each once."""
        return list(dict.fromkeys(node.lot for node in self.nodes))

    @cached_property
    def links(self) -> list[Link]:
        """The edges among them, with quantities and event numbers."""
        return list(self.graph.links(self.nodes))

    @cached_property
    def composition(self) -> Composition:
        """What the lot is made of, by origin and labour; of a trace back."""
        return composition(self.graph, self.starts)

    def shares(self) -> dict[str, Fraction]:
        """Each maker's share of the lot by party URI, summing to exactly one; of a trace back.

        Raises NotFound when every event of the lot was withdrawn.
        """
        if not self.starts:
            raise NotFound(f"all that was recorded of {self.lot} has been declared wrong")
        return shares(self.graph, self.starts, self.composition)

    def custody(self) -> Custody:
        """The custody model of the lot; of a trace back."""
        known = None if self.composition.labour else self.composition
        return custody(self.graph, self.starts, self.reader.crafts.concerns, known)

    def claims(self) -> list[str]:
        """The claims stated of the lot or of what it is made of."""
        return claims_of(self.graph, self.nodes)

    def evidence(self) -> dict[str, Evidence]:
        """The backing of its origin and of every claim on it; of a trace back."""
        parties = self.reader.workspace.parties.current()
        if self._certificates is not None:
            statements = self.graph.statements
            named = {one for each in statements for one in (each.issuer, each.default_maker)}
            self._certificates.expect([*self.lots, *named], self._numbers)

        def is_device(uri: str) -> bool:
            party = parties.party(uri)
            return party is not None and "device" in party.roles

        return {
            claim: evidence(
                self.graph,
                self.starts,
                claim,
                is_device,
                self._certificates,
                self.reader.crafts.concerns,
            )
            for claim in [ORIGIN, *self.claims()]
        }

    def holders(self) -> list[Holding]:
        """Who had which of its lots; of a trace back, of the lot itself."""
        if self.direction == "back":
            onward = self.reader.gather([self.lot], "forward").standing
            both = {one.number: one for one in (*self.graph.statements, *onward)}
            return holdings(LotGraph(both.values()), [self.lot])
        return holdings(self.graph, self.lots)

    def findings(self) -> list[Finding]:
        """What does not add up on the way, the worst first."""
        among = set(self.lots)
        own = [one for one in self.graph.findings if among.intersection(one.lots)]
        if self.direction == "back" and self.starts:
            own += self.composition.findings
        own += [
            Finding(kind, "warning", text, (), (), (one.number,), (one.issuer,))
            for one in self.graph.statements
            for kind, text in one.problems
        ]
        own += [
            Finding(
                "foreign-declaration",
                "warning",
                f"{one.issuer} declared an event wrong that it had not recorded; it still stands",
                (),
                (),
                (one.number, *one.declared),
                (one.issuer,),
            )
            for one in self.reader.corrections.foreign
            if any(number in self._numbers for number in one.declared)
        ]
        return in_order(own)

    @cached_property
    def _numbers(self) -> set[int]:
        return {one.number for one in self.graph.statements}

    def event_numbers(self) -> list[int]:
        """The events that the trace rests on, withdrawn ones and their declarations included."""
        found = set(self._numbers)
        for number, one in self.corrections.items():
            found |= {number, one.declaration}
        return sorted(found)


def trace_back(
    workspace: Workspace,
    lot: str,
    *,
    viewer: Viewer = EVERYTHING,
    published: int = 0,
    certificates: Certificates | None = None,
) -> Trace:
    """What a lot or item is made of, to every origin. Raises NotFound, or InvalidInput for no URI.

    `certificates` back claims; by default those that the workspace knows.
    """
    book = certificates if certificates is not None else CertificateBook(workspace)
    return Trace(Reader(workspace, viewer, published), lot_uri(lot), "back", book)


def trace_forward(
    workspace: Workspace, lot: str, *, viewer: Viewer = EVERYTHING, published: int = 0
) -> Trace:
    """What a lot or item went into, to every pack. Raises NotFound, or InvalidInput for no URI."""
    return Trace(Reader(workspace, viewer, published), lot_uri(lot), "forward")


def lot_shares(workspace: Workspace, lot: str) -> dict[str, Fraction]:
    """Each maker's share of a lot or item by party URI, summing to exactly one. Raises NotFound."""
    return trace_back(workspace, lot).shares()


def lot_uri(text: str) -> str:
    """A lot's URI in canonical spelling. Raises InvalidInput for what is no URI."""
    if ":" not in text or any(character.isspace() for character in text):
        raise InvalidInput(f"{text[:80]!r} is not the URI of a lot or item")
    return canonical(text)


def event_ids(reader: Reader, numbers: Iterable[int]) -> dict[int, str]:
    """The event IDs of events by number: their own, else their hash IDs."""
    stored = reader.events.by_number(numbers)
    return {one.number: event_id(parse_canonical(one.body)) for one in stored}


def _touched(found: Corrections, gathered: Gathered) -> dict[int, Correction]:
    """The corrections of events that speak of a lot of the trace."""
    return {number: one for number, one in found.withdrawn.items() if number in gathered.statements}
