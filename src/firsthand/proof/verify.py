"""Verify one proof bundle: bytes in, report out.

    1. Event       the event's leaf hash, from its canonical JSON; disclosed sealed fields match their digests
    2. Capture     the leaf is included under the capture's root
    3. Signature   the capture's proof verifies, and its key speaks for the issuer at this place
    4. Log         the capture, and each statement relied on, is included at the checkpoint
    5. Checkpoint  the signed note verifies under the key that the log's name tells
    6. Anchor      the transaction carries that checkpoint and spends a seal
    7. Block       the transaction is in the block, by its BUMP
    8. Header      the block is in the best chain of the verifier's own headers

A bundle is valid only if all eight pass. The further assurances stand beside the verdict and are never
mixed into it: what one file cannot carry for ever. Steps 4 to 8 are shared with certificates (`anchored`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.anchor import genesis_key, read_seals, walk_seals
from firsthand.proof.anchored import (
    AnchoredReport,
    AnchoredVerification,
    NotChecked,
    Outcome,
    Step,
    attempt,
)
from firsthand.proof.bundle import Bundle, parse_bundle
from firsthand.proof.capture import Manifest, entry_leaf, event_leaf, parse_manifest
from firsthand.proof.checkpoint import Checkpoint, parse_note
from firsthand.proof.confirmation import ON_BEHALF_OF, Confirmation, check_confirmation, parse_confirmation
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.disclosure import Opened, open_event
from firsthand.proof.headers import HeaderView
from firsthand.proof.merkle import root_from_inclusion
from firsthand.proof.parties import Party, PartyHistory
from firsthand.proof.transaction import hash_hex, parse_transaction

__all__ = ["STEPS", "Outcome", "Report", "Step", "Verification", "verify"]

STEPS: Final = ("event", "capture", "signature", "log", "checkpoint", "anchor", "block", "header")


@dataclass(slots=True, kw_only=True)
class Report(AnchoredReport):
    """What the verification of a bundle found; `key` is the did:key that signed the capture.

    `event` is what was signed; `opened` has the values of sealed fields that the bundle discloses, and is
    None where step 1 failed.
    """

    event: dict[str, Any]
    opened: Opened | None = None
    manifest: Manifest | None = None
    party: Party | None = None
    key: str = ""
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
    run.report.further.append(attempt("later statements", run.later_statements))
    run.report.further.append(attempt("signed after", run.signed_after))
    run.report.further.append(attempt("confirmations", run.confirmations))
    run.report.further.append(attempt("seal chain", lambda: run.seal_chain(seals)))
    run.report.further.append(attempt("since checkpoint", lambda: run.since_checkpoint(seals, since)))
    return run.report


class Verification(AnchoredVerification[Report]):
    """The steps over one bundle; each leaves behind what later ones need."""

    def __init__(self, bundle: Bundle, headers: HeaderView | None) -> None:
        self.bundle = bundle
        report = Report(event=bundle.event, place=bundle.capture.place)
        super().__init__(bundle, (bundle.capture, *bundle.statements), headers, report)
        self._leaf: bytes | None = None
        self._history = PartyHistory()
        self._later: list[Party] = []

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

    # 1. Event: the leaf hash; disclosed sealed fields match their digests.
    def event(self) -> str:
        self._leaf = event_leaf(self.bundle.event)
        opened = open_event(self.bundle.event, self.bundle.disclosures)
        self.report.opened = opened
        sealed = f"; sealed fields: {len(opened.disclosed)} disclosed, {opened.undisclosed} not"
        return f"leaf {self._leaf.hex()}{sealed if opened.disclosed or opened.undisclosed else ''}"

    # 2. Capture: the leaf is included under the capture's root.
    def capture(self) -> str:
        manifest = parse_manifest(self.bundle.capture.document, "$.capture.document")
        self.report.manifest = manifest
        if self._leaf is None:
            raise NotChecked("the event has no leaf hash")
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
            raise NotChecked("the capture's manifest cannot be read")
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

    def later_statements(self) -> str:
        """What the bundle tells of the issuer's keys after the capture's place, up to its checkpoint."""
        party = self.report.party
        if party is None:
            raise NotChecked("no party is proven")
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
            raise NotChecked("the capture names no block that its signer had seen")
        if self.headers is None or height is None:
            raise NotChecked("needs headers, and the anchor's block")
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
            raise NotChecked("the bundle carries no acknowledgement and no counter-signature")
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
            raise NotChecked("no seals file was given; see verify --seals")
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
            raise NotChecked("no earlier checkpoint was given; see verify --since")
        if seals is None:
            raise NotChecked("needs the seals file, too; see verify --seals")
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
