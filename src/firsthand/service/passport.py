"""The passport of a lot or piece: what a shopper may know of it, as plain data in no language.

What it says comes from what its viewer may see, and for a stranger that is what was published. It never says
that something is true: it says who stated it, who confirmed it, and what nobody can be asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from firsthand.errors import InvalidInput, NotFound
from firsthand.events.instants import timestamp_text
from firsthand.ledger.event_index import Kind
from firsthand.ledger.event_sql import Viewer
from firsthand.proof.disclosure import open_event, sealed_digests
from firsthand.proof.parties import PartyHistory
from firsthand.proof.transaction import hash_hex
from firsthand.service.certificate_book import CertificateBook, now_occasion
from firsthand.service.chain_access import ChainAccess
from firsthand.service.consents import public_disclosures
from firsthand.service.passport_facts import facts_of, merged, points_of
from firsthand.service.passport_model import (
    Anchored,
    Certificate,
    Claim,
    Maker,
    Named,
    Passport,
    Place,
    Stage,
    Token,
    Warned,
)
from firsthand.service.prove import anchor_over
from firsthand.service.token_files import token_status
from firsthand.service.trace import Reader, Trace, lot_uri
from firsthand.trace.evidence import ORIGIN
from firsthand.trace.statement import Statement

__all__ = ["Passport", "name_of", "passport"]

_MOST_NAMES: Final = 12
"""Parties named at one stage or claim; the others are counted."""

_SEALED: Final = b'"fh:sealed"'


def passport(access: ChainAccess, uri: str, viewer: Viewer, published: int) -> Passport:
    """The passport of a lot or piece (URI), as far as the viewer may see it; `published` as in `Trace`.

    Raises NotFound when the viewer may see no event of it, InvalidInput for what is no URI.
    """
    return _Assembly(access, lot_uri(uri), viewer, published).whole()


class _Assembly:
    """Reads what one passport rests on, once."""

    def __init__(self, access: ChainAccess, uri: str, viewer: Viewer, published: int) -> None:
        self.access = access
        self.workspace = access.workspace
        self.uri = uri
        self.book = CertificateBook(self.workspace)
        self.reader = Reader(self.workspace, viewer, published)
        self.trace = Trace(self.reader, uri, "back", self.book)
        self.parties: PartyHistory = self.workspace.parties.current()
        among = set(self.trace.lots)
        self.statements = sorted(
            (one for one in self.trace.graph.statements if _speaks(one, among)), key=lambda one: one.order
        )
        self.bodies = {one.number: self._opened(one) for one in self.statements}

    def _opened(self, one: Statement) -> dict[str, Any]:
        """An event with the fields that its maker shows to everybody."""
        event: dict[str, Any] = msgspec.json.decode(one.body)
        if _SEALED not in one.body:
            return event
        try:
            told = public_disclosures(self.workspace, one.number)
            return open_event(event, told).event if told else event
        except InvalidInput:
            return event

    def whole(self) -> Passport:
        trace = self.trace
        claims = self._claims()
        certificates = self._certificates(claims)
        warnings = tuple(Warned(one.kind, one.severity, one.text) for one in trace.findings())
        anchored = self._anchored()
        doubtful = not trace.starts or any(one.severity == "error" for one in warnings)
        waiting = anchored is None or anchored.height is None
        own = [one for one in self.statements if _speaks(one, {self.uri})]
        profile = next((one.profile for one in reversed(own) if one.profile), "")
        return Passport(
            uri=self.uri,
            name=name_of(self.uri),
            profile=profile,
            labels=self._labels(profile),
            sample=any(body.get("fh:sample") is True for body in self.bodies.values()),
            verdict="doubtful" if doubtful else "waiting" if waiting else "proven",
            custody=trace.custody().model if trace.starts else "",
            makers=self._makers(),
            places=self._places(),
            stages=tuple(self._stages()),
            claims=claims,
            certificates=certificates,
            warnings=warnings,
            withdrawn=len(trace.corrections),
            anchored=anchored,
            token=self._token(),
            photographs=_photographs([self.bodies[one.number] for one in own]),
            events=tuple(one.number for one in self.statements),
        )

    def named(self, uri: str) -> Named:
        party = self.parties.party(uri)
        return Named(uri, name_of(uri)) if party is None else Named(uri, party.name, tuple(party.roles))

    def _labels(self, profile: str) -> dict[str, str]:
        try:
            return dict(self.workspace.profile(profile).label) if profile else {}
        except NotFound:
            return {}

    def _makers(self) -> tuple[Maker, ...]:
        if not self.trace.starts:
            return ()
        shares = sorted(self.trace.shares().items(), key=lambda one: (-one[1], one[0]))
        return tuple(Maker(self.named(uri), share) for uri, share in shares)

    def _places(self) -> tuple[Place, ...]:
        """The places where the lot's material begins, by what was published of them."""
        if not self.trace.starts:
            return ()
        origins = self.trace.composition.origins
        uris = dict.fromkeys(
            one.statement.place for one in origins if one.statement is not None and one.statement.place
        )
        stored = self.reader.events.of(list(uris), (Kind.READ_POINT,), ())
        points = points_of([msgspec.json.decode(one.body) for one in stored])
        return tuple(Place(uri, name_of(uri), *points.get(uri, (None, None, False))) for uri in uris)

    def _stages(self) -> Iterable[Stage]:
        """The events by step, in the order in which the steps began."""
        groups: dict[tuple[str, str, str], list[Statement]] = {}
        for one in self.statements:
            groups.setdefault((one.profile, one.step, "" if one.step else one.biz_step), []).append(one)
        for (profile, step, _), found in groups.items():
            yield self._stage(profile, step, found)

    def _stage(self, profile_name: str, step: str, found: Sequence[Statement]) -> Stage:
        bodies = [self.bodies[one.number] for one in found]
        try:
            profile = self.workspace.profile(profile_name) if profile_name else None
        except NotFound:
            profile = None
        facts = merged([facts_of(profile, body) for body in bodies]) if profile else []
        paid = tuple(
            one
            for one in facts
            if profile and one.kind == "price" and not profile.elements[one.element].benchmark
        )
        who = Counter(one.on_behalf_of or one.issuer for one in found)
        places = dict.fromkeys(name_of(one.place) for one in found if one.place)
        known = profile.steps.get(step) if profile else None
        return Stage(
            profile=profile_name,
            step=step,
            labels=dict(known.label) if known else {},
            biz_step=found[0].biz_step,
            since=timestamp_text(min(one.time for one in found)),
            until=timestamp_text(max(one.time for one in found)),
            count=len(found),
            parties=tuple(self.named(uri) for uri, _ in who.most_common(_MOST_NAMES)),
            more_parties=max(0, len(who) - _MOST_NAMES),
            places=tuple(places)[:_MOST_NAMES],
            facts=tuple(one for one in facts if one not in paid),
            paid=paid,
            sealed=sum(_sealed(self.bodies[one.number]) for one in found if _SEALED in one.body),
            events=tuple(one.number for one in found),
        )

    def _claims(self) -> tuple[Claim, ...]:
        if not self.trace.starts:
            return ()
        profiles = dict.fromkeys(one.profile for one in self.statements if one.profile)
        labels = dict[str, dict[str, str]]()
        for name in profiles:
            try:
                found = self.workspace.profile(name).claims
            except NotFound:
                continue
            labels |= {claim: dict(one.label) for claim, one in found.items()}
        claims = []
        for claim, backing in self.trace.evidence().items():
            witnesses = backing.witnesses
            claims.append(
                Claim(
                    claim,
                    labels.get(claim, {}),
                    backing.level.word,
                    {level.word: part for level, part in backing.parts.items()},
                    self._all(one.stated_by for one in witnesses),
                    self._all(one.confirmed_by for one in witnesses),
                    tuple(sorted({credential for one in witnesses for credential in one.credentials})),
                )
            )
        return tuple(sorted(claims, key=lambda one: (one.name == ORIGIN, one.name)))

    def _all(self, uris: Iterable[Iterable[str]]) -> tuple[Named, ...]:
        return tuple(self.named(uri) for uri in dict.fromkeys(one for some in uris for one in some))

    def _certificates(self, claims: Sequence[Claim]) -> tuple[Certificate, ...]:
        ids = dict.fromkeys(one for claim in claims for one in claim.certificates)
        ids |= dict.fromkeys(one for statement in self.statements for one in statement.certificates)
        occasion = now_occasion(self.workspace)
        found = []
        for identifier in ids:
            issued = self.workspace.credentials.by_id(identifier)
            if not issued:
                continue
            kept = issued[-1]
            one = self.book.judge(kept, occasion)
            labels: dict[str, str] = {}
            if one.kind is not None:
                kinds = self.workspace.profile(kept.profile).certificates
                labels = dict(kinds[kept.type].label) if kept.type in kinds else {}
            hidden = kept.confidential
            found.append(
                Certificate(
                    identifier,
                    labels,
                    kept.type,
                    self.named(kept.issuer),
                    None if hidden else _moment(one.credential.valid_from),
                    None if hidden else _moment(one.credential.valid_until),
                    one.judgement.standing.value,
                    hidden,
                )
            )
        return tuple(sorted(found, key=lambda one: (one.type, one.issuer.name, one.id)))

    def _anchored(self) -> Anchored | None:
        genesis = self.workspace.anchors.genesis()
        if genesis is None or not self.statements:
            return None
        log, network = hash_hex(genesis.txid), self.access.network.name
        entry, _, _ = self.workspace.journal.event(max(one.number for one in self.statements))
        try:
            _, sent = anchor_over(self.access, entry.place)
        except NotFound:
            return Anchored(log, network, None, None, None)
        assert sent.block_height is not None
        header = self.access.headers.header_at(sent.block_height)
        if header is None:
            return Anchored(log, network, None, None, None)
        depth = self.access.headers.tip_height - sent.block_height + 1
        return Anchored(log, network, sent.block_height, header.time, depth)

    def _token(self) -> Token | None:
        try:
            found = token_status(self.access, self.uri, ask=False)
        except NotFound:
            return None
        state = "melted" if found.ended else "live"
        state = "claimed" if state == "live" and found.claimed else state
        state = "stolen" if found.stolen is not None else state
        return Token(f"{hash_hex(found.token.mint)}:0", state, found.claimed)


def name_of(uri: str) -> str:
    """What people may call a thing that has only its URI: the end of it."""
    return unquote(uri.rstrip("/").rpartition("/")[2]) or uri


def _speaks(one: Statement, lots: set[str]) -> bool:
    parts = (*one.inputs, *one.outputs, *one.things)
    return one.parent in lots or any(part.lot in lots for part in parts)


def _moment(time: int | None) -> str | None:
    return None if time is None else timestamp_text(time)


def _sealed(event: dict[str, Any]) -> int:
    try:
        return len(sealed_digests(event))
    except InvalidInput:
        return 0


def _photographs(bodies: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The hashes of photographs that events of the thing itself name (RFC 6920)."""
    found: dict[str, None] = {}
    for body in bodies:
        for holder in (body, body.get("ilmd")):
            named = holder.get("fh:photographs") if isinstance(holder, dict) else None
            if isinstance(named, list):
                found |= dict.fromkeys(one for one in named if isinstance(one, str))
    return tuple(found)[:_MOST_NAMES]
