"""The steps that everything anchored shares: from the log's entries to a block of the verifier's own headers.

4. Log         each entry relied on is included at the checkpoint
5. Checkpoint  the signed note verifies under the key that the log's name tells
6. Anchor      the transaction carries that checkpoint and spends a seal
7. Block       the transaction is in the block, by its BUMP
8. Header      the block is in the best chain of the verifier's own headers
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from firsthand.errors import FirsthandError, InvalidInput
from firsthand.proof.anchor import anchored_checkpoint, genesis_key
from firsthand.proof.bump import parse_bump
from firsthand.proof.bundle import Placed
from firsthand.proof.capture import entry_leaf
from firsthand.proof.checkpoint import Checkpoint, parse_note
from firsthand.proof.headers import HeaderView, parse_header
from firsthand.proof.merkle import root_from_inclusion
from firsthand.proof.transaction import hash_hex, parse_transaction

__all__ = ["Anchorage", "AnchoredReport", "AnchoredVerification", "NotChecked", "Outcome", "Step", "attempt"]


class Outcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step, or one further assurance: what was found, or why it failed."""

    name: str
    outcome: Outcome
    detail: str


class NotChecked(FirsthandError):
    """A step cannot be done: something that it needs is not there."""


class Anchorage(Protocol):
    """What shows a log's checkpoint to be in a block; transactions, header and BUMP are raw bytes."""

    @property
    def checkpoint(self) -> bytes:
        """The signed note."""

    @property
    def genesis(self) -> bytes:
        """The transaction that names the log."""

    @property
    def anchor(self) -> bytes:
        """The transaction that carries the checkpoint."""

    @property
    def header(self) -> bytes:
        """Its block's header."""

    @property
    def bump(self) -> bytes:
        """Its path to the header's merkle root."""


@dataclass(slots=True, kw_only=True)
class AnchoredReport:
    """What a verification found. Heights and depth count blocks; `depth` 1 is the tip itself."""

    steps: list[Step] = field(default_factory=list)
    further: list[Step] = field(default_factory=list)
    network: str = ""
    log: str = ""
    place: int = 0
    block_height: int | None = None
    block_time: int | None = None
    depth: int | None = None


def attempt(name: str, step: Callable[[], str]) -> Step:
    """Run one step; what goes wrong with it is what it reports."""
    try:
        return Step(name, Outcome.PASSED, step())
    except NotChecked as error:
        return Step(name, Outcome.NOT_CHECKED, str(error))
    except FirsthandError as error:
        return Step(name, Outcome.FAILED, str(error))


_Report = TypeVar("_Report", bound=AnchoredReport)


class AnchoredVerification(ABC, Generic[_Report]):
    """The steps over one line of a bundle file, 4 to 8 here; each leaves behind what later ones need."""

    def __init__(
        self,
        anchorage: Anchorage,
        entries: Iterable[Placed],
        headers: HeaderView | None,
        report: _Report,
    ) -> None:
        self._anchorage = anchorage
        self._entries = entries
        self.headers = headers
        self.report = report
        self._checkpoint: Checkpoint | None = None

    @abstractmethod
    def steps(self) -> tuple[Callable[[], str], ...]:
        """All eight, in order."""

    def run(self, names: tuple[str, ...]) -> _Report:
        """All steps under these names, into the report."""
        for name, step in zip(names, self.steps(), strict=True):
            self.report.steps.append(attempt(name, step))
        return self.report

    # 4. Log: the entries are included at the checkpoint's size and root.
    def log(self) -> str:
        checkpoint = parse_note(self._anchorage.checkpoint).checkpoint
        self._checkpoint = checkpoint
        self.report.network, self.report.log = checkpoint.network, checkpoint.short_name
        for entry in self._entries:
            leaf = entry_leaf(entry.document)
            root = root_from_inclusion(leaf, entry.place, checkpoint.size, entry.path)
            if root != checkpoint.root:
                raise InvalidInput(
                    f"the entry at place {entry.place} leads to root {root.hex()}, "
                    f"the checkpoint names {checkpoint.root.hex()}"
                )
        return f"place {self.report.place} of {checkpoint.size} in log {checkpoint.short_name}"

    # 5. Checkpoint: signed by the key in the genesis transaction, whose ID is the log's name.
    def checkpoint(self) -> str:
        checkpoint = self._need_checkpoint()
        genesis = parse_transaction(self._anchorage.genesis)
        if genesis.txid != checkpoint.genesis:
            raise InvalidInput(
                f"the log is named {checkpoint.origin}, the genesis transaction is {hash_hex(genesis.txid)}"
            )
        parse_note(self._anchorage.checkpoint).check(genesis_key(genesis))
        return f"signed by log {checkpoint.origin}"

    # 6. Anchor: the transaction carries this very checkpoint and spends a seal.
    def anchor(self) -> str:
        checkpoint = self._need_checkpoint()
        transaction = parse_transaction(self._anchorage.anchor)
        carried, seal = anchored_checkpoint(transaction)
        if carried != checkpoint:
            raise InvalidInput(
                f"the anchor carries size {carried.size}, root {carried.root.hex()} of {carried.origin}; "
                f"expected size {checkpoint.size}, root {checkpoint.root.hex()} of {checkpoint.origin}"
            )
        return f"transaction {hash_hex(transaction.txid)} spends seal {hash_hex(seal.txid)}:{seal.vout}"

    # 7. Block: the transaction's BUMP leads to the header's merkle root.
    def block(self) -> str:
        bump = parse_bump(self._anchorage.bump)
        header = parse_header(self._anchorage.header)
        txid = parse_transaction(self._anchorage.anchor).txid
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
            raise NotChecked(f"no headers of {checkpoint.network} were given; see verify --headers")
        if self.headers.network != checkpoint.network:
            raise InvalidInput(
                f"the log is on {checkpoint.network}, the headers are of {self.headers.network}"
            )
        if height is None:
            raise NotChecked("no block is proven")
        block_hash = parse_header(self._anchorage.header).hash
        best = self.headers.hash_at(height)
        if best is None:
            raise InvalidInput(f"block {height} is above the headers' tip at {self.headers.tip_height}")
        if best != block_hash:
            raise InvalidInput(
                f"block {height} of the best chain is {hash_hex(best)}, not {hash_hex(block_hash)}"
            )
        self.report.depth = self.headers.tip_height - height + 1
        return f"height {height} of {checkpoint.network}, {self.report.depth} deep"

    def _need_checkpoint(self) -> Checkpoint:
        if self._checkpoint is None:
            raise NotChecked("the checkpoint cannot be read")
        return self._checkpoint
