"""Verify one proof bundle: bytes in, report out.

    1. Event       the event's leaf hash, from its canonical JSON
    2. Capture     the leaf is included under the capture's root
    3. Signature   the capture's proof verifies, and its key speaks for the issuer at this place
    4. Log         the capture, and each statement relied on, is included at the checkpoint
    5. Checkpoint  the signed note verifies under the key that the log's name tells
    6. Anchor      the transaction carries that checkpoint and spends a seal
    7. Block       the transaction is in the block, by its BUMP
    8. Header      the block is in the best chain of the verifier's own headers

A bundle is valid only if all eight pass. The further assurances stand beside the verdict and are never
mixed into it: what one file cannot carry for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from firsthand.errors import FirsthandError, InvalidInput
from firsthand.proof.anchor import anchored_checkpoint, genesis_key, read_seals, walk_seals
from firsthand.proof.bump import parse_bump
from firsthand.proof.bundle import Bundle, parse_bundle
from firsthand.proof.capture import Manifest, entry_leaf, event_leaf, parse_manifest
from firsthand.proof.checkpoint import Checkpoint, parse_note
from firsthand.proof.confirmation import ON_BEHALF_OF, Confirmation, check_confirmation, parse_confirmation
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.headers import HeaderView, parse_header
from firsthand.proof.merkle import root_from_inclusion
from firsthand.proof.parties import Party, PartyHistory
from firsthand.proof.transaction import hash_hex, parse_transaction

__all__ = ["STEPS", "Outcome", "Report", "Step", "Verification", "verify"]

STEPS: Final = ("event", "capture", "signature", "log", "checkpoint", "anchor", "block", "header")


class Outcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the eight, or one further assurance: what was found, or why it failed."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(slots=True)
class Report:
    """What a verification found. Heights and depth count blocks; `depth` 1 is the tip itself."""

    event: dict[str, Any]
    steps: list[Step] = field(default_factory=list)
    further: list[Step] = field(default_factory=list)
    network: str = ""
    log: str = ""
    manifest: Manifest | None = None
    party: Party | None = None
    key: str = ""
    place: int = 0
    block_height: int | None = None
    block_time: int | None = None
    depth: int | None = None
    confirmations: list[tuple[Confirmation, Party]] = field(default_factory=list)

    @property
    def on_behalf_of(self) -> str | None:
        """For whom the issuer says that it recorded the event; None when for itself."""
        found = self.event.get(ON_BEHALF_OF)
        return found if type(found) is str else None

    @property
    def valid(self) -> bool:
        """Whether all eight steps passed."""
        passed = [step.name for step in self.steps if step.outcome is Outcome.PASSED]
        return tuple(passed) == STEPS


def verify(
    line: bytes, headers: HeaderView | None, *, seals: bytes | None = None, since: bytes | None = None
) -> Report:
    """Run the eight steps over one line of a bundle file.

    `headers` are the verifier's own; None leaves step 8 unchecked. `seals` is a seals file, `since` a
    signed checkpoint seen earlier: both are reported as further assurance.

    Raises UnreadableInput or InvalidInput when the line cannot be read as a bundle at all; what can be
    read and does not hold is told by the report.
    """
    bundle = parse_bundle(line)
    run = Verification(bundle, headers)
    run.run(STEPS)
    run.report.further.append(_attempt("later statements", run.later_statements))
    run.report.further.append(_attempt("signed after", run.signed_after))
    run.report.further.append(_attempt("confirmations", run.confirmations))
    run.report.further.append(_attempt("seal chain", lambda: run.seal_chain(seals)))
    run.report.further.append(_attempt("since checkpoint", lambda: run.since_checkpoint(seals, since)))
    return run.report


class _NotCheckedError(Exception):
    """A step cannot be done: something that it needs is not there."""


def _attempt(name: str, step: Callable[[], str]) -> Step:
    try:
        return Step(name, Outcome.PASSED, step())
    except _NotCheckedError as error:
        return Step(name, Outcome.NOT_CHECKED, str(error))
    except FirsthandError as error:
        return Step(name, Outcome.FAILED, str(error))


class Verification:
    """The steps over one bundle; each leaves behind what later ones need."""

    def __init__(self, bundle: Bundle, headers: HeaderView | None) -> None:
        self.bundle = bundle
        self.headers = headers
        self.report = Report(event=bundle.event, place=bundle.capture.place)
        self._leaf: bytes | None = None
        self._checkpoint: Checkpoint | None = None
        self._history = PartyHistory()
        self._later: list[Party] = []

    def run(self, names: tuple[str, ...]) -> Report:
        """All steps under these names, into the report."""
        for name, step in zip(names, self.steps(), strict=True):
            self.report.steps.append(_attempt(name, step))
        return self.report

    def steps(self) -> tuple[Callable[[], str], ...]:
        return (
            self.event,
            self.capture,
            self.signature,
            self.log,
            self.checkpoint,
            self.anchor,
            self.block,
            self.header,
        )

    # 1. Event: the leaf hash.
    def event(self) -> str:
        self._leaf = event_leaf(self.bundle.event)
        return f"leaf {self._leaf.hex()}"

    # 2. Capture: the leaf is included under the capture's root.
    def capture(self) -> str:
        manifest = parse_manifest(self.bundle.capture.document, "$.capture.document")
        self.report.manifest = manifest
        if self._leaf is None:
            raise _NotCheckedError("the event has no leaf hash")
        root = root_from_inclusion(
            self._leaf, self.bundle.event_index, manifest.count, self.bundle.event_path
        )
        if root != manifest.root:
            raise InvalidInput(
                f"the event leads to root {root.hex()}, the capture names {manifest.root.hex()}"
            )
        return f"event {self.bundle.event_index + 1} of {manifest.count}"

    # 3. Signature: under the key that it names, which spoke for the issuer at this place.
    def signature(self) -> str:
        signer = verify_proof(self.bundle.capture.document).did
        self.report.key = signer
        manifest = self.report.manifest
        if manifest is None:
            raise _NotCheckedError("the capture's manifest cannot be read")
        place = self.bundle.capture.place
        earlier = [statement for statement in self.bundle.statements if statement.place < place]
        for statement in earlier:
            self._history.apply(statement.place, entry_leaf(statement.document), statement.document)
        party = self._history.require_key(manifest.issuer, signer)
        self.report.party = party
        for statement in self.bundle.statements[len(earlier) :]:
            leaf = entry_leaf(statement.document)
            self._later.append(self._history.apply(statement.place, leaf, statement.document))
        who = f"{party.name} ({', '.join(party.roles)}) with {signer}"
        if manifest.custodial:
            return f"signed for {who}, a key that the operator holds: custodial"
        return f"signed by {who}"

    # 4. Log: the capture and the statements are included at the checkpoint's size and root.
    def log(self) -> str:
        checkpoint = parse_note(self.bundle.checkpoint).checkpoint
        self._checkpoint = checkpoint
        self.report.network, self.report.log = checkpoint.network, checkpoint.short_name
        for entry in (self.bundle.capture, *self.bundle.statements):
            leaf = entry_leaf(entry.document)
            root = root_from_inclusion(leaf, entry.place, checkpoint.size, entry.path)
            if root != checkpoint.root:
                raise InvalidInput(
                    f"the entry at place {entry.place} leads to root {root.hex()}, "
                    f"the checkpoint names {checkpoint.root.hex()}"
                )
        return f"place {self.bundle.capture.place} of {checkpoint.size} in log {checkpoint.short_name}"

    # 5. Checkpoint: signed by the key in the genesis transaction, whose ID is the log's name.
    def checkpoint(self) -> str:
        checkpoint = self._need_checkpoint()
        genesis = parse_transaction(self.bundle.genesis)
        if genesis.txid != checkpoint.genesis:
            raise InvalidInput(
                f"the log is named {checkpoint.origin}, the genesis transaction is {hash_hex(genesis.txid)}"
            )
        parse_note(self.bundle.checkpoint).check(genesis_key(genesis))
        return f"signed by log {checkpoint.origin}"

    # 6. Anchor: the transaction carries this very checkpoint and spends a seal.
    def anchor(self) -> str:
        checkpoint = self._need_checkpoint()
        transaction = parse_transaction(self.bundle.anchor)
        carried, seal = anchored_checkpoint(transaction)
        if carried != checkpoint:
            raise InvalidInput(
                f"the anchor carries size {carried.size}, root {carried.root.hex()} of {carried.origin}; "
                f"expected size {checkpoint.size}, root {checkpoint.root.hex()} of {checkpoint.origin}"
            )
        return f"transaction {hash_hex(transaction.txid)} spends seal {hash_hex(seal.txid)}:{seal.vout}"

    # 7. Block: the transaction's BUMP leads to the header's merkle root.
    def block(self) -> str:
        bump = parse_bump(self.bundle.bump)
        header = parse_header(self.bundle.header)
        txid = parse_transaction(self.bundle.anchor).txid
        bump.require_single(txid)
        root = bump.root(txid)
        if root != header.merkle_root:
            raise InvalidInput(
                f"the BUMP leads to root {hash_hex(root)}, the header has {hash_hex(header.merkle_root)}"
            )
        self.report.block_height, self.report.block_time = bump.height, header.time
        return f"in block {hash_hex(header.hash)}"

    # 8. Header: in the best chain of the verifier's own headers, of the log's network.
    def header(self) -> str:
        checkpoint, height = self._need_checkpoint(), self.report.block_height
        if self.headers is None:
            raise _NotCheckedError(f"no headers of {checkpoint.network} were given; see verify --headers")
        if self.headers.network != checkpoint.network:
            raise InvalidInput(
                f"the log is on {checkpoint.network}, the headers are of {self.headers.network}"
            )
        if height is None:
            raise _NotCheckedError("no block is proven")
        block_hash = parse_header(self.bundle.header).hash
        best = self.headers.hash_at(height)
        if best is None:
            raise InvalidInput(f"block {height} is above the headers' tip at {self.headers.tip_height}")
        if best != block_hash:
            raise InvalidInput(
                f"block {height} of the best chain is {hash_hex(best)}, not {hash_hex(block_hash)}"
            )
        self.report.depth = self.headers.tip_height - height + 1
        return f"height {height} of {checkpoint.network}, {self.report.depth} deep"

    def later_statements(self) -> str:
        """What the bundle tells of the issuer's keys after the capture's place, up to its checkpoint."""
        party = self.report.party
        if party is None:
            raise _NotCheckedError("no party is proven")
        dropped = [
            later.place
            for later in self._later
            if later.uri == party.uri and self.report.key not in later.keys
        ]
        if dropped:
            return f"the key was withdrawn at place {dropped[0]}, after this capture: it stays valid"
        return "none up to this checkpoint withdraws the key, as far as the bundle tells"

    def signed_after(self) -> str:
        """The bracket: the block that the signer had seen, and the anchor's own."""
        manifest, height = self.report.manifest, self.report.block_height
        if manifest is None or manifest.after is None:
            raise _NotCheckedError("the capture names no block that its signer had seen")
        if self.headers is None or height is None:
            raise _NotCheckedError("needs headers, and the anchor's block")
        seen = manifest.after
        if self.headers.hash_at(seen.height) != seen.hash or seen.height > height:
            raise InvalidInput(
                f"block {seen.height} that the signer had seen is not in the best chain before it"
            )
        return f"signed after block {seen.height} and before block {height}"

    def confirmations(self) -> str:
        """Who else confirmed the event: by its one-time code, or by a signature of their own."""
        placed = self.bundle.confirmations
        if not placed:
            raise _NotCheckedError("the bundle carries no acknowledgement and no counter-signature")
        checkpoint = self._need_checkpoint()
        found = []
        for one in placed:
            stated = parse_confirmation(one.document)
            what = check_confirmation(stated, self.bundle.event)
            if one.place <= self.bundle.capture.place:
                raise InvalidInput(f"the confirmation at place {one.place} stands before the event itself")
            history = PartyHistory()
            for statement in self.bundle.statements:
                if statement.place < one.place:
                    history.apply(statement.place, entry_leaf(statement.document), statement.document)
            party = history.require_key(stated.issuer, verify_proof(one.document).did)
            leaf = entry_leaf(one.document)
            if root_from_inclusion(leaf, one.place, checkpoint.size, one.path) != checkpoint.root:
                raise InvalidInput(f"the confirmation at place {one.place} is not in the log")
            self.report.confirmations.append((stated, party))
            found.append(f"{what} ({party.name}, place {one.place})")
        return "; ".join(found)

    def seal_chain(self, seals: bytes | None) -> str:
        """The seals walked from the genesis transaction to this anchor and on."""
        if seals is None:
            raise _NotCheckedError("no seals file was given; see verify --seals")
        anchor = parse_transaction(self.bundle.anchor).txid
        walked = [txid for txid, _ in self._walk(seals)]
        if anchor not in walked:
            raise InvalidInput(f"anchor {hash_hex(anchor)} is not among the log's {len(walked)} seals")
        return (
            f"anchor {walked.index(anchor) + 1} of {len(walked)} from the log's genesis, one unbroken chain"
        )

    def since_checkpoint(self, seals: bytes | None, since: bytes | None) -> str:
        """The log still contains what an earlier checkpoint named."""
        if since is None:
            raise _NotCheckedError("no earlier checkpoint was given; see verify --since")
        if seals is None:
            raise _NotCheckedError("needs the seals file, too; see verify --seals")
        note = parse_note(since)
        note.check(genesis_key(parse_transaction(self.bundle.genesis)))
        earlier = note.checkpoint
        if earlier.origin != self._need_checkpoint().origin:
            raise InvalidInput(f"that checkpoint is of another log: {earlier.origin}")
        if earlier not in (checkpoint for _, checkpoint in self._walk(seals)):
            raise InvalidInput(
                f"no anchor of the log carries the checkpoint of size {earlier.size}: another history"
            )
        return f"the log still contains the {earlier.size} entries of the earlier checkpoint"

    def _walk(self, seals: bytes) -> list[tuple[bytes, Checkpoint]]:
        genesis, chain = read_seals(seals)
        if parse_transaction(genesis).txid != self._need_checkpoint().genesis:
            raise InvalidInput("the seals file is of another log")
        return list(walk_seals(genesis, chain))

    def _need_checkpoint(self) -> Checkpoint:
        if self._checkpoint is None:
            raise _NotCheckedError("the checkpoint cannot be read")
        return self._checkpoint
