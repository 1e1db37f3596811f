"""A cooperative whose lot three makers share in, a shopper with a wallet, and books that must balance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from msgspec.structs import replace

from firsthand.chain.beef import encode_beef
from firsthand.chain.keys import WalletKey
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.signing import Coin, SignedTransaction, build
from firsthand.ledger.members import Member, MemberRecord
from firsthand.ledger.payouts import PayoutRecord
from firsthand.proof.parties import Party
from firsthand.proof.transaction import TxOutput
from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.chain_access import SANDBOX, ChainAccess
from firsthand.service.members import add_member
from firsthand.service.paid import books
from firsthand.service.parties import add_party
from firsthand.service.pay_out import held_money
from firsthand.service.pay_store import Payment
from firsthand.service.payout_addresses import payment_identity, set_payout
from firsthand.service.publish import publish
from tests.made import new_access, record
from tests.trace.made import lot, made

PACK = lot("pack")
SHARES = (Fraction(1, 2), Fraction(1, 3), Fraction(1, 6))


class Clock:
    """A clock that stands still until it is moved on."""

    def __init__(self) -> None:
        self.time = datetime.fromisoformat("2026-03-01T00:00:00+00:00")

    def __call__(self) -> str:
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pass_hours(self, hours: float) -> None:
        self.time += timedelta(hours=hours)


@dataclass
class Shopper:
    """A wallet on the sandbox: it pays what it is asked for and gives the Atomic BEEF."""

    access: ChainAccess
    key: WalletKey
    sent: list[bytes] = field(default_factory=list)

    def pay(self, outputs: list[TxOutput]) -> bytes:
        """An Atomic BEEF whose subject has these outputs; it is not sent."""
        signed, parent = self.sign(outputs)
        outbox = self.access.sandbox
        status = outbox.status(parent)
        raw = outbox.transaction(parent)
        assert raw is not None
        assert status.bump is not None
        self.sent.append(signed.raw)
        beef = encode_beef([(raw, status.bump), (signed.raw, None)])
        return b"\x01\x01\x01\x01" + signed.txid + beef

    def sign(self, outputs: list[TxOutput]) -> tuple[SignedTransaction, bytes]:
        wanted = sum(output.satoshis for output in outputs)
        funding = self.access.sandbox.fund(self.key.script, wanted + 10_000)
        coin = Coin(funding, wanted + 10_000, self.key.script)
        policy = self.access.broadcaster.policy()
        return build([coin], outputs, self.key.script, policy, self.key), funding.txid


@dataclass
class Village:
    """A cooperative, two members without keys of their own and one maker with one, and their pack."""

    access: ChainAccess
    clock: Clock
    coop: Party
    maker: Party
    members: tuple[Member, Member]
    shopper: Shopper

    @property
    def parties(self) -> tuple[str, str, str]:
        """Who shares in the pack, in the order of SHARES."""
        return (self.maker.uri, self.members[0].uri, self.members[1].uri)

    def receives(self) -> None:
        """The cooperative has chosen to receive for its members."""
        identity = payment_identity(self.access.workspace).public.hex()
        set_payout(
            self.access.workspace, self.coop.uri, PayoutRecord(identity_key=identity, for_members=True)
        )

    def has_wallet(self, at: int, *, public: bool = False) -> bytes:
        """The one of that number says where they are paid; the secret of their identity key."""
        secret = bytes([at + 1]) * 32
        identity = WalletKey(secret, self.access.network).public.hex()
        record_ = PayoutRecord(identity_key=identity, public=public)
        set_payout(self.access.workspace, self.parties[at], record_)
        return secret

    def set(self, **changed: object) -> None:
        """Other settings of payments."""
        workspace = self.access.workspace
        pay = replace(workspace.settings.pay, **changed)
        workspace.settings = replace(workspace.settings, pay=pay)

    def check_books(self) -> None:
        """Every satoshi that came is somewhere, and what is held is on the chain, unspent."""
        found = books(self.access)
        assert found.balance == 0, found
        for held in held_money(self.access):
            assert sum(held.claims.values()) + held.fee == held.coin.satoshis


def new_village(folder: Path, database: str = "") -> Village:
    access = new_access(folder / "village", database)
    access.sandbox = SandboxChain(access.workspace.folder / SANDBOX, auto_mine=False)
    clock = Clock()
    access.workspace.now = access.workspace.journal._now = clock
    coop = add_party(access.workspace, "Coop", ("cooperative",)).party
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    first = add_member(access.workspace, coop, MemberRecord(number="1", name="Rosa"))
    second = add_member(access.workspace, coop, MemberRecord(number="2", name="Bela"))
    parties = (maker.uri, first.uri, second.uri)
    makers = [{"fh:party": uri, "fh:share": str(share)} for uri, share in zip(parties, SHARES, strict=True)]
    record(access, coop, made("pack", 60, **{"fh:makers": makers}))
    shopper = Shopper(access, WalletKey(b"\x77" * 32, access.network))
    return Village(access, clock, coop, maker, (first, second), shopper)


def outputs_of(payment: Payment) -> list[TxOutput]:
    """What a wallet is asked for."""
    if payment.script is not None:
        return [TxOutput(payment.quote.satoshis, payment.script)]
    return [TxOutput(one.satoshis, bytes.fromhex(one.script)) for one in payment.quote.outputs]


def published_village(folder: Path) -> Village:
    """One whose pack everybody may see, and whose cooperative receives for its members."""
    village = new_village(folder)
    village.receives()
    village.has_wallet(0, public=True)
    for step in (anchor, publish):
        step(village.access)
        village.access.sandbox.mine()
    wait_until_mined(village.access, timeout=20)
    return village
