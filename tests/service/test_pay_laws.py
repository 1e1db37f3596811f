"""Whatever happens, every satoshi that came is paid, held or a fee, and none is sent twice."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, Engine

from firsthand.chain.keys import WalletKey
from firsthand.chain.protocols import TxState
from firsthand.chain.sandbox import SandboxChain
from firsthand.errors import BroadcastUncertain, FirsthandError
from firsthand.proof.transaction import TxOutput, parse_transaction
from firsthand.service.chain_access import SANDBOX, ChainAccess
from firsthand.service.pay import options, quote
from firsthand.service.pay_out import held_money, pass_on
from firsthand.service.pay_receive import receive, watch
from firsthand.service.pay_store import INCOMING, Payment, PaymentStore
from firsthand.service.workspace import Workspace
from tests.paying import PACK, new_village, outputs_of


class Killed(BaseException):
    """The process ends here, as far as the code can tell."""


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Die at the step-th commit or call of the chain: before it, or, for even steps, just after it."""
    count = 0

    def counted(real: object) -> object:
        def call(*args: object, **more: object) -> object:
            nonlocal count
            count += 1
            dying = count == (step + 1) // 2
            if dying and step % 2:
                raise Killed
            result = real(*args, **more)  # type: ignore[operator]
            if dying:
                raise Killed
            return result

        return call

    with (
        patch.object(SandboxChain, "broadcast", counted(SandboxChain.broadcast)),
        patch.object(SandboxChain, "status", counted(SandboxChain.status)),
        patch.object(Engine, "begin", _begin(counted)),
        suppress(Killed),
    ):
        yield


def _begin(counted: object) -> object:
    real = Engine.begin

    @contextmanager
    def begin(engine: Engine) -> Iterator[Connection]:
        with real(engine) as connection:
            yield connection
            # Inside of the transaction: to die here is to lose it.
            counted(lambda: None)()  # type: ignore[operator]
        counted(lambda: None)()  # type: ignore[operator]

    return begin


class Payments(RuleBasedStateMachine):
    """A cooperative, its chain, shoppers who pay well or badly, and a process that may die at any step."""

    @initialize(
        receives=st.booleans(),
        wallets=st.sets(st.integers(0, 2)),
        smallest=st.sampled_from([0, 700]),
        permille=st.sampled_from([0, 30]),
    )
    def begin(self, receives: bool, wallets: set[int], smallest: int, permille: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.village = new_village(self.folder)
        operator = WalletKey(b"\x31" * 32, self.village.access.network).address
        self.village.set(smallest_output=smallest, fee_permille=permille, fee_address=operator)
        self.paid: list[tuple[Payment, bytes]] = []
        self.quotes: list[Payment] = []
        if receives:
            self.village.receives()
        for at in sorted(wallets):
            self.village.has_wallet(at)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.village.access.workspace.engine.dispose()
            shutil.rmtree(self.folder)

    @property
    def access(self) -> ChainAccess:
        return self.village.access

    def restart(self) -> None:
        """Another process opens the workspace."""
        old = self.village.access
        old.workspace.engine.dispose()
        access = ChainAccess(Workspace.open(old.workspace.folder, lambda: ""))
        access.workspace.settings = old.workspace.settings
        access.sandbox = SandboxChain(old.workspace.folder / SANDBOX, auto_mine=False)
        access.workspace.now = access.workspace.journal._now = self.village.clock
        self.village.access = self.village.shopper.access = access

    @rule(path=st.sampled_from(["wallet", "cooperative", "direct"]), satoshis=st.integers(1, 5_000))
    def offer(self, path: str, satoshis: int) -> None:
        with suppress(FirsthandError):
            self.quotes.append(quote(self.access, options(self.access, PACK), path, satoshis=satoshis))

    @precondition(lambda self: self.quotes)
    @rule(data=st.data(), step=st.integers(0, 40), change=st.sampled_from([0, 0, 0, -7, 900]))
    def pay(self, data: st.DataObject, step: int, change: int) -> None:
        payment = data.draw(st.sampled_from(self.quotes))
        outputs = outputs_of(payment)
        if payment.script is not None:
            outputs = [TxOutput(max(1, outputs[0].satoshis + change), outputs[0].script)]
        beef = self.village.shopper.pay(outputs)
        self.paid.append((payment, beef))
        with killed_at(step):
            receive(self.access, payment, beef)
        if step:
            self.restart()

    @precondition(lambda self: self.quotes)
    @rule(data=st.data(), step=st.integers(0, 30))
    def pay_unasked(self, data: st.DataObject, step: int) -> None:
        payment = data.draw(st.sampled_from(self.quotes))
        signed, _ = self.village.shopper.sign(outputs_of(payment))
        self.access.sandbox.broadcast([signed.extended])
        with killed_at(step):
            watch(self.access, self.quotes)
        if step:
            self.restart()

    @precondition(lambda self: self.paid)
    @rule(data=st.data())
    def post_again(self, data: st.DataObject) -> None:
        payment, beef = data.draw(st.sampled_from(self.paid))
        with suppress(FirsthandError):
            receive(self.access, payment, beef)

    @rule(at=st.integers(0, 2))
    def say_where(self, at: int) -> None:
        self.village.has_wallet(at)

    @rule(hours=st.sampled_from([1, 72]))
    def wait(self, hours: int) -> None:
        self.village.clock.pass_hours(hours)

    @rule(blocks=st.integers(1, 3))
    def mine(self, blocks: int) -> None:
        self.access.sandbox.mine(blocks)

    @rule(depth=st.integers(1, 3), keep_out=st.booleans())
    def reorganise(self, depth: int, keep_out: bool) -> None:
        height, _ = self.access.sandbox.tip()
        if height > depth:
            self.access.sandbox.reorganise(depth, keep_out=keep_out)

    @rule(step=st.integers(0, 60))
    def go_on(self, step: int) -> None:
        with killed_at(step), suppress(BroadcastUncertain):
            pass_on(self.access)
        if step:
            self.restart()

    @invariant()
    def every_satoshi_is_somewhere(self) -> None:
        if hasattr(self, "village"):
            self.village.check_books()

    @invariant()
    def nothing_is_passed_on_twice(self) -> None:
        if not hasattr(self, "village"):
            return
        spent: set[bytes] = set()
        for sent in self.access.outbox.all():
            if sent.state is TxState.REJECTED or not sent.purpose.startswith("payment "):
                continue
            for item in parse_transaction(sent.raw).inputs:
                place = item.outpoint.txid + item.outpoint.vout.to_bytes(4, "little")
                assert place not in spent
                spent.add(place)

    @invariant()
    def what_a_block_holds_is_on_the_chain(self) -> None:
        if not hasattr(self, "village"):
            return
        kept = {one.txid: one for one in PaymentStore(self.access).standings()}
        for held in held_money(self.access):
            standing = kept[held.coin.outpoint.txid]
            if standing.state is TxState.MINED and standing.kind in INCOMING:
                raw = self.access.sandbox.transaction(held.coin.outpoint.txid)
                # A reorganisation that this workspace has not heard of may have taken its coinbase with it.
                assert raw is None or parse_transaction(raw).txid == held.coin.outpoint.txid


Payments.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
test_payments = Payments.TestCase
