"""Verify a token's file: from the mint to now, and both ways between piece and token, with own headers only.

    1. Certificate    the first transaction mints the token that the file names; its inscription is in form
    2. Path           each further one spends it as input 0, its script holds, output 0 has the one satoshi
    3. Blocks         every transaction of the path is in a block of the verifier's own best chain
    4. Commissioning  the events that the certificate names are proven, by its maker, and make this piece
    5. Link           a later event of the same maker names this token, and none names another
    6. Events         every event in the file is proven, and speaks of this piece

All six have to pass. The state of the token (live, melted, lost) and reports of theft stand beside them. That
the tip is unspent no file can show: only a live source, as of its height.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from firsthand.chain.beef import Beef, check_mined, encode_beef, parse_beef
from firsthand.chain.keys import message_signer
from firsthand.chain.scripts import check_input
from firsthand.chain.theft import Hop, Theft, standing_theft
from firsthand.errors import FirsthandError, InvalidInput
from firsthand.proof.capture import event_leaf
from firsthand.proof.certificate import Certificate
from firsthand.proof.fields import from_base64
from firsthand.proof.headers import BlockHeader, HeaderView
from firsthand.proof.token import (
    TOKEN_VOUT,
    Holding,
    Lost,
    Melted,
    TokenFile,
    brings_into_being,
    is_about,
    minted,
    moved,
    parse_token_file,
    piece_event,
    read_challenge,
)
from firsthand.proof.transaction import Outpoint, Transaction, hash_hex
from firsthand.proof.verify import Outcome, Report, Step, verify

__all__ = ["STEPS", "Hop", "TokenReport", "TokenState", "verify_token", "walk"]

STEPS: Final = ("certificate", "path", "blocks", "commissioning", "link", "events")

MAX_HOPS: Final = 100_000
"""Transactions of one path: beyond what a piece sees in its life."""


class TokenState(StrEnum):
    """What became of the token by the end of the file's path."""

    LIVE = "live"
    MELTED = "melted"
    LOST = "lost"
    UNPROVEN = "unproven"


@dataclass(slots=True)
class TokenReport:
    """What a verification found; `events` are the proven ones, in order of block and place."""

    mint: Outpoint
    steps: list[Step] = field(default_factory=list)
    further: list[Step] = field(default_factory=list)
    certificate: Certificate | None = None
    hops: list[Hop] = field(default_factory=list)
    state: TokenState = TokenState.UNPROVEN
    network: str = ""
    events: list[Report] = field(default_factory=list)
    stolen: Theft | None = None
    depth: int | None = None

    @property
    def valid(self) -> bool:
        """Whether all six steps passed: the file tells the truth, whatever became of the piece."""
        return tuple(step.name for step in self.steps if step.outcome is Outcome.PASSED) == STEPS

    @property
    def stands(self) -> bool:
        """Whether the certificate stands: valid, the token neither melted nor lost, no theft reported."""
        return self.valid and self.state is TokenState.LIVE and self.stolen is None

    @property
    def tip(self) -> Holding | None:
        """Where the token lies at the end of the path, and who can move it."""
        return self.hops[-1].holding if self.hops else None


def verify_token(
    data: bytes,
    headers: HeaderView | None,
    *,
    challenge: str | None = None,
    response: str | None = None,
) -> TokenReport:
    """Run the six steps over a token's file.

    `headers` are the verifier's own; `challenge` is a line of `challenge_text` and `response` the holder's
    signature of it in base64. Raises UnreadableInput or InvalidInput when the file cannot be read as one.
    """
    file = parse_token_file(data)
    run = _Verification(file, headers)
    steps = (run.certificate, run.path, run.blocks, run.commissioning, run.link, run.events)
    for name, step in zip(STEPS, steps, strict=True):
        run.report.steps.append(_attempt(name, step))
    run.report.further.append(_attempt("theft", run.theft))
    run.report.further.append(_attempt("ownership", lambda: run.ownership(challenge, response)))
    return run.report


def walk(beef: Beef, mint: Outpoint) -> tuple[Certificate, list[Hop], Lost | None]:
    """Walk the path of a token, running every script that spends it: certificate, hops, and how it was lost.

    Iterative and bounded. Raises InvalidInput at the first transaction that does not follow.
    """
    certificate, holding, (first, *rest) = _mint_of(beef, mint)
    hops = [Hop(first.txid, holding)]
    spent = first.outputs[TOKEN_VOUT]
    state: Holding | Melted | Lost = holding
    for transaction in rest:
        where = f"transaction {len(hops)} of the path, {hash_hex(transaction.txid)}"
        if not isinstance(state, Holding):
            raise InvalidInput(f"{where}, comes after the token has ended")
        try:
            after = moved(transaction, state, mint)
            check_input(transaction, after.index if isinstance(after, Lost) else 0, spent)
        except InvalidInput as error:
            raise InvalidInput(f"{where}: {error}") from None
        state, spent = after, transaction.outputs[TOKEN_VOUT]
        hops.append(Hop(transaction.txid, state if isinstance(state, Holding) else None))
    return certificate, hops, state if isinstance(state, Lost) else None


def _mint_of(beef: Beef, mint: Outpoint) -> tuple[Certificate, Holding, list[Transaction]]:
    transactions = list(beef.transactions.values())
    if len(transactions) > MAX_HOPS:
        raise InvalidInput(f"a token's path has at most {MAX_HOPS} transactions, got {len(transactions)}")
    if transactions[0].txid != mint.txid:
        raise InvalidInput(
            f"the path begins with {hash_hex(transactions[0].txid)}, the token is minted by {mint}"
        )
    return *minted(transactions[0]), transactions


class _NotCheckedError(Exception):
    """A step cannot be done: something that it needs is not there."""


def _attempt(name: str, step: Callable[[], str]) -> Step:
    try:
        return Step(name, Outcome.PASSED, step())
    except _NotCheckedError as error:
        return Step(name, Outcome.NOT_CHECKED, str(error))
    except FirsthandError as error:
        return Step(name, Outcome.FAILED, str(error))


class _Verification:
    """The steps over one file; each leaves behind what later ones need."""

    def __init__(self, file: TokenFile, headers: HeaderView | None) -> None:
        self.file = file
        self.headers = headers
        self.report = TokenReport(file.mint, network=headers.network if headers else "")
        self.bundles = [_bundle(line, number, headers) for number, line in enumerate(file.bundles, 2)]
        self._beef: Beef | None = None
        self._lost: Lost | None = None
        self._made_at: int | None = None
        self._log = ""

    # 1. Certificate: the first transaction mints this token.
    def certificate(self) -> str:
        self._beef = parse_beef(self.file.beef)
        certificate, holding, _ = _mint_of(self._beef, self.file.mint)
        self.report.certificate = certificate
        self.report.hops = [Hop(self.file.mint.txid, holding)]
        return f"{certificate.name}, {certificate.piece}, by {certificate.maker}"

    # 2. Path: every spend from there on, its script run.
    def path(self) -> str:
        if self.report.certificate is None or self._beef is None:
            raise _NotCheckedError("there is no certificate to start from")
        _, self.report.hops, self._lost = walk(self._beef, self.file.mint)
        moves = len(self.report.hops) - 1
        if self._lost is not None:
            return f"{moves} spends; in {hash_hex(self._lost.txid)} it left its path: {self._lost.reason}"
        if self.report.hops[-1].holding is None:
            return f"{moves} spends; the last one ended it: the piece was melted or destroyed"
        return f"{moves} moves since the mint, each from input 0 to output 0"

    # 3. Blocks: every transaction, and nothing else in the BEEF.
    def blocks(self) -> str:
        if len(self.report.hops) != len(self._need_beef().transactions):
            raise _NotCheckedError("the path is not whole")
        if self.headers is None:
            raise _NotCheckedError("no headers were given; see token verify --headers")
        beef, hops = self._need_beef(), []
        known: dict[int, BlockHeader] = {}
        parts = []
        for hop in self.report.hops:
            bump = beef.bumps.get(hop.txid)
            if bump is None:
                raise InvalidInput(f"{hash_hex(hop.txid)} is in no block yet")
            header = known[bump.height] = check_mined(hop.txid, bump, self.headers, known.get(bump.height))
            hops.append(Hop(hop.txid, hop.holding, bump.height, header.time))
            parts.append((beef.transactions[hop.txid].raw, bump.single(hop.txid)))
        if encode_beef(parts) != self.file.beef:
            raise InvalidInput("the BEEF holds more than the path, or is not in its one canonical form")
        self.report.hops = hops
        last = hops[-1].height
        assert last is not None
        self.report.depth = self.headers.tip_height - last + 1
        self.report.state = self._state()
        return f"{len(hops)} of {len(hops)}, the last at height {last}, {self.report.depth} deep"

    # 4. Commissioning: the events that the certificate names, by its maker.
    def commissioning(self) -> str:
        certificate = self._need_certificate()
        proven = {event_leaf(report.event): report for report in self.bundles}
        for at, leaf in enumerate(certificate.events):
            report = proven.get(leaf)
            if report is None:
                raise InvalidInput(f"the file does not prove event {leaf.hex()} that the certificate names")
            _require_valid(report)
            if report.manifest is None or report.manifest.issuer != certificate.maker:
                raise InvalidInput(
                    f"event {leaf.hex()} is not by the certificate's maker {certificate.maker}"
                )
            if not is_about(report.event, certificate.piece):
                raise InvalidInput(f"event {leaf.hex()} does not speak of {certificate.piece}")
            if at == 0 and not brings_into_being(report.event, certificate.piece):
                raise InvalidInput(f"event {leaf.hex()} does not bring {certificate.piece} into being")
            self._made_at = max(self._made_at or 0, report.place)
            if self._log not in ("", report.log):
                raise InvalidInput("the events that the certificate names are of different logs")
            self._log = report.log
        maker = proven[certificate.events[0]].party
        assert maker is not None
        return f"{len(certificate.events)} events by {maker.name}, the last at place {self._made_at}"

    # 5. Link: a later event of the maker names this token and no other.
    def link(self) -> str:
        certificate = self._need_certificate()
        if self._made_at is None:
            raise _NotCheckedError("no commissioning event is proven")
        ours = str(self.file.mint)
        named: list[Report] = []
        others: set[Any] = set()
        ended: set[Any] = set()
        for report in self.bundles:
            if report.manifest is None or report.manifest.issuer != certificate.maker:
                continue
            if not is_about(report.event, certificate.piece):
                continue
            kind, token = report.event.get("fh:pieceEvent"), report.event.get("fh:token")
            _require_valid(report)
            if kind == "melt" or (kind == "mint" and "errorDeclaration" in report.event):
                ended.add(token)
            elif piece_event(report.event) == "mint" and token != ours:
                others.add(token)
            elif piece_event(report.event) == "mint" and report.log == self._log:
                named += [report] if report.place > self._made_at else []
        if others - ended and ours not in ended:
            raise InvalidInput(f"the maker names another token: {sorted(map(str, others - ended))[0]}")
        if not named:
            raise InvalidInput(f"no later event of {certificate.maker} names the token {self.file.mint}")
        if not any(
            report.valid and report.party is not None and certificate.key in report.party.keys
            for report in self.bundles
            if report.manifest is not None and report.manifest.issuer == certificate.maker
        ):
            raise InvalidInput(f"{certificate.key} of the certificate is no key of its maker in this file")
        return f"named by the maker's event at place {named[0].place} of log {named[0].log}"

    # 6. Events: nothing in the file that is not proven, or of another piece.
    def events(self) -> str:
        piece = self._need_certificate().piece
        for report in self.bundles:
            _require_valid(report)
            if not is_about(report.event, piece):
                raise InvalidInput(f"the event at place {report.place} does not speak of {piece}")
        self.report.events = sorted(
            self.bundles, key=lambda report: (report.block_height or 0, report.log, report.place)
        )
        return f"{len(self.bundles)} events, each proven in eight steps"

    def theft(self) -> str:
        """Reports of theft that count: the maker's, or a holder's made while they held the token."""
        certificate = self._need_certificate()
        if not self.report.events:
            raise _NotCheckedError("the events about the piece are not proven")
        told = [
            (report.event, report.manifest.issuer, report.block_height)
            for report in self.report.events
            if report.manifest is not None
        ]
        self.report.stolen, ignored = standing_theft(told, certificate, self.file.mint, self.report.hops)
        rest = f"; {ignored} reports by neither maker nor holder do not count" if ignored else ""
        theft = self.report.stolen
        if theft is not None:
            raise InvalidInput(f"reported stolen by its {theft.by} at {theft.time}{rest}")
        return f"none stands in this file{rest}"

    def ownership(self, challenge: str | None, response: str | None) -> str:
        """The challenge, signed by the key that can move the token."""
        if challenge is None or response is None:
            raise _NotCheckedError("nobody was challenged; see token challenge")
        tip = self.report.tip
        if self.report.state is not TokenState.LIVE or tip is None:
            raise _NotCheckedError("there is no live token to own")
        if read_challenge(challenge) != (str(self.file.mint), str(tip.outpoint)):
            raise InvalidInput("the challenge is about another token, or another place of it")
        signature = from_base64({"response": response.strip()}, "response", "$", 65)
        if message_signer(challenge, signature) != tip.owner:
            raise InvalidInput("the response is not signed by the key that holds the token")
        return "whoever signed the response holds the token's key"

    def _state(self) -> TokenState:
        if self._lost is not None:
            return TokenState.LOST
        return TokenState.MELTED if self.report.tip is None else TokenState.LIVE

    def _need_beef(self) -> Beef:
        if self._beef is None:
            raise _NotCheckedError("the BEEF cannot be read")
        return self._beef

    def _need_certificate(self) -> Certificate:
        if self.report.certificate is None:
            raise _NotCheckedError("there is no certificate")
        return self.report.certificate


def _bundle(line: bytes, number: int, headers: HeaderView | None) -> Report:
    try:
        return verify(line, headers)
    except InvalidInput as error:
        kind: Any = type(error)
        raise kind(error.reason, f"line {number}: {error.path}" if error.path else f"line {number}") from None


def _require_valid(report: Report) -> None:
    for step in report.steps:
        if step.outcome is Outcome.NOT_CHECKED:
            raise _NotCheckedError(f"an event's proof is not checked ({step.name}): {step.detail}")
        if step.outcome is not Outcome.PASSED:
            raise InvalidInput(f"an event's proof does not hold ({step.name}): {step.detail}")
