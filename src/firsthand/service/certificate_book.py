"""The certificates of a workspace as evidence: which of them back a claim, and how much may be claimed.

`backing` and `certified` answer the questions of `trace.evidence` and `trace.balance`. What was revoked or
suspended is decided by the place of the event in the log, and by the trust list in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from firsthand.errors import NotFound
from firsthand.events.instants import microseconds
from firsthand.events.units import convert
from firsthand.ledger.credentials import KeptCredential, PlacedChange
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.certificate_verify import fresh_until
from firsthand.proof.credential import (
    CertificateType,
    Credential,
    Quantity,
    StatusEntry,
    parse_credential,
)
from firsthand.proof.standing import Evidence, Judgement, Occasion, State, judge
from firsthand.proof.status_list import bit_of, decode_bits, parse_status_list
from firsthand.proof.trust_list import TrustList
from firsthand.service.certificate_types import certificate_types
from firsthand.service.credential_import import observed_document
from firsthand.service.workspace import Workspace

__all__ = ["CertificateBook", "Certified", "now_occasion"]

_UNIT: Final = "KGM"


@dataclass(frozen=True, slots=True)
class Certified:
    """One certificate as it was judged; `kind` is None for one of no type that a profile knows."""

    kept: KeptCredential
    credential: Credential
    kind: CertificateType | None
    judgement: Judgement


class CertificateBook:
    """Looks certificates up; what it has read is kept for its own life, so make one for each task."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        found = workspace.credentials.trust()
        self.trust: TrustList | None = found[0] if found else None
        self._types: dict[str, dict[str, CertificateType]] = {}
        self._changes: dict[tuple[str, str, str], list[PlacedChange]] = {}
        self._observed: dict[bytes, tuple[bytes, int]] = {}
        self._places: dict[int, int] = {}
        self._evidence: dict[bytes, Evidence] = {}
        self._of: dict[str, list[KeptCredential]] = {}

    def expect(self, subjects: Collection[str], numbers: Collection[int]) -> None:
        """Read at once the certificates of subjects that are asked for next, and the places of events."""
        found = self._workspace.credentials.by_subject([one for one in subjects if one not in self._of])
        self._of |= found
        if any(found.values()):
            self._places |= self._workspace.journal.places(numbers)

    def backing(
        self, claim: str, lot: str | None, party: str | None, time: int, number: int | None = None
    ) -> list[str]:
        """The IDs of the certificates that back a claim for a lot, or else for a party's own statements.

        `time` is the event's, in microseconds; `number` is the event's in the journal, by which its place
        counts. Without it what counts is the end of the log.
        """
        subject = lot if lot is not None else party
        if subject is None or not self._of_subject(subject):
            return []
        occasion = Occasion(time, self._place(number), frozenset((subject,)))
        return list(dict.fromkeys(one.kept.id for one in self._counting(claim, subject, occasion)))

    def certified(
        self, claim: str, party: str, since: int, until: int, uom: str = _UNIT
    ) -> tuple[Fraction, str] | None:
        """The volume of a claim that a party's (or lot's) certificates allow within a time, in that unit.

        The sum over those that count on some day of it and state a volume. None where one that counts states
        none: then nothing limits the claim; and where none counts at all. Times in microseconds.
        """
        total, found = Fraction(0), False
        for one in self._during(claim, party, since, until):
            assert one.kind is not None
            stated = self.volume(one)
            amount = convert(stated.value, stated.uom, uom) if stated is not None else None
            if amount is None:
                return None
            total, found = total + amount, True
        return (total, uom) if found else None

    def volume(self, one: Certified) -> Quantity | None:
        """The quantity that a certificate limits its claims to; None where it limits none."""
        if one.kind is None or one.kind.quantity is None:
            return None
        return one.credential.quantity(one.kind.quantity)

    def judge(self, kept: KeptCredential, occasion: Occasion) -> Certified:
        """How one certificate stands on an occasion."""
        kind, evidence = self.kind(kept), self.evidence(kept)
        judgement = judge(evidence, kind.scheme if kind else None, self.trust, occasion)
        return Certified(kept, evidence.credential, kind, judgement)

    def judge_all(self, subjects: Sequence[str], occasion: Occasion) -> list[Certified]:
        """How all certificates of these parties, lots, pieces or places stand on an occasion."""
        return [self.judge(kept, occasion) for kept in self._workspace.credentials.of(subjects)]

    def kind(self, kept: KeptCredential) -> CertificateType | None:
        """The type that a certificate is of; None for one that no profile here knows."""
        if not kept.profile:
            return None
        if kept.profile not in self._types:
            try:
                self._types[kept.profile] = certificate_types(self._workspace.profile(kept.profile))
            except NotFound:
                self._types[kept.profile] = {}
        return self._types[kept.profile].get(kept.type)

    def evidence(self, kept: KeptCredential) -> Evidence:
        """What a certificate is judged by: the history of its status from the journal."""
        if kept.leaf not in self._evidence:
            credential = parse_credential(parse_canonical(kept.document))
            bound = kept.key in self._keys_before(kept.issuer, kept.place)
            states = {entry: self._states(kept, entry) for entry in credential.status}
            self._evidence[kept.leaf] = Evidence(credential, kept.key, bound, kept.place, states)
        return self._evidence[kept.leaf]

    def changes(self, kept: KeptCredential, entry: StatusEntry) -> list[PlacedChange]:
        """The changes of a list by the credential's issuer, or as whoever brought it in observed them."""
        for issuer in (kept.issuer, self._recorder(kept)):
            chain = (entry.list, issuer, entry.purpose)
            if chain not in self._changes:
                self._changes[chain] = self._workspace.credentials.changes(*chain)
            if self._changes[chain]:
                return self._changes[chain]
        return []

    def _states(self, kept: KeptCredential, entry: StatusEntry) -> list[State]:
        """How one bit went, change by change; the same bit in a row is one state."""
        states: list[State] = []
        held = False
        for placed in self.changes(kept, entry):
            fresh = None
            if placed.change.observed is not None:
                held, fresh = self._seen(placed, entry)
            else:
                held = (held or entry.index in (placed.change.set or ())) and entry.index not in (
                    placed.change.cleared or ()
                )
            if states and states[-1].set == held:
                last = states[-1]
                states[-1] = State(last.place, None, held, fresh)
                continue
            if states:
                last = states[-1]
                states[-1] = State(last.place, placed.place, last.set, last.fresh_until)
            states.append(State(placed.place, None, held, fresh))
        return states

    def _seen(self, placed: PlacedChange, entry: StatusEntry) -> tuple[bool, int]:
        leaf = placed.change.observed
        assert leaf is not None
        if leaf not in self._observed:
            document = observed_document(self._workspace, placed.change)
            bits = decode_bits(parse_status_list(document).encoded)
            self._observed[leaf] = bits, fresh_until(document, placed.document["created"])
        bits, fresh = self._observed[leaf]
        return bit_of(bits, entry.index), fresh

    def _of_subject(self, subject: str) -> list[KeptCredential]:
        if subject not in self._of:
            self._of |= self._workspace.credentials.by_subject([subject])
        return self._of[subject]

    def _counting(self, claim: str, subject: str, occasion: Occasion) -> Iterator[Certified]:
        for kept in self._of_subject(subject):
            kind = self.kind(kept)
            if kind is None or claim not in kind.claims:
                continue
            one = self.judge(kept, occasion)
            if one.judgement.valid and self._needs(kind, kept, occasion):
                yield one

    def _needs(self, kind: CertificateType, kept: KeptCredential, occasion: Occasion) -> bool:
        """Whether the certificates that this one presupposes count on the same occasion.

        Each is by the same certifier, and is the one meant: of the same subject, or with the same number.
        """
        held = Occasion(occasion.time, occasion.place)
        this = self.evidence(kept).credential
        missing = set(kind.needs)
        for other in self._workspace.credentials.all(kept.issuer) if missing else ():
            needed = self.kind(other)
            if other.profile != kept.profile or other.type not in missing or needed is None:
                continue
            one = self.judge(other, held)
            if one.judgement.valid and _meant(this, one.credential, needed):
                missing.discard(other.type)
        return not missing

    def _during(self, claim: str, subject: str, since: int, until: int) -> Iterator[Certified]:
        for kept in self._of_subject(subject):
            starts = self.evidence(kept).credential.valid_from
            # The first moment of the time that the certificate is of; as it stood when it was put on record.
            moment = max(since, starts if starts is not None else since)
            occasion = Occasion(moment, kept.place, frozenset((subject,)))
            if moment <= until:
                counting = self._counting(claim, subject, occasion)
                yield from (one for one in counting if one.kept.leaf == kept.leaf)

    def _place(self, number: int | None) -> int | None:
        if number is None:
            return None
        if number not in self._places:
            self._places |= self._workspace.journal.places([number])
        return self._places[number]

    def _keys_before(self, issuer: str, place: int) -> set[str]:
        keys: set[str] = set()
        for _, _, document in self._workspace.parties.statements(issuer, place):
            if document["party"] == issuer:
                keys = set(document["keys"])
        return keys

    def _recorder(self, kept: KeptCredential) -> str:
        (entry,) = self._workspace.journal.entries(kept.place, kept.place + 1)
        return entry.issuer


def _meant(this: Credential, other: Credential, needed: CertificateType) -> bool:
    """Whether `other` is the certificate that this one presupposes."""
    pairs = [(this.element(term), other.element(term)) for term in needed.required]
    shared = [(mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
    if any(mine != theirs for mine, theirs in shared):
        return False
    return bool(shared) or bool(set(this.subjects) & set(other.subjects))


def now_occasion(workspace: Workspace, subjects: frozenset[str] | None = None) -> Occasion:
    """The end of the log, today."""
    return Occasion(microseconds(workspace.now()), None, subjects)
