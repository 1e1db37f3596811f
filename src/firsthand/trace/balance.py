"""Mass balance: what came in, what went out, what is left, and what does not add up; in one pass, in order
of time.

Statements are taken one by one and forgotten; what is kept is an account for each lot, and sums. So a
season of a million events fits in memory. What the pass suspects of a circle is told by `suspects`, to be
looked at in the lot graph.

For a lot, the balance is taken over its own statements and those of all that it is made of; for a party, over
what it stated and what names it; for a claim, over all. The same code does each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from firsthand.trace.accounts import TICKS, Account, Ticks, of_ticks, portion, ticks
from firsthand.trace.claims import ClaimBook
from firsthand.trace.craft import Craft, YieldRange
from firsthand.trace.doubles import identity, likeness
from firsthand.trace.findings import Finding, in_order
from firsthand.trace.harvests import HarvestBook
from firsthand.trace.judgements import stock_findings, yield_finding
from firsthand.trace.quantity import KILOGRAM, PIECE, Quantity, is_count
from firsthand.trace.shipments import ShipmentBook
from firsthand.trace.statement import Part, Statement

__all__ = ["Balance", "StepSum"]

_SELLS: Final = frozenset(("retail_selling", "dispensing"))
_DAY: Final = 86_400_000_000
_NO_CRAFT: Final = Craft()


@dataclass(slots=True)
class StepSum:
    """All transformations of one step: how many, and their mass in and out, in ticks of a kilogram."""

    count: int = 0
    inputs: Ticks = 0
    outputs: Ticks = 0


@dataclass(slots=True)
class _Process:
    """A transformation, or all that share an ID, until it is judged; masses in ticks of a kilogram."""

    inputs: Ticks = 0
    outputs: Ticks = 0
    claims: dict[str, Ticks] = field(default_factory=dict)
    foreign: dict[str, Ticks] = field(default_factory=dict)
    stated: dict[str, Ticks] = field(default_factory=dict)
    complete: bool = True
    expected: YieldRange | None = None
    statements: list[Statement] = field(default_factory=list)


class Balance:
    """Takes statements in the order of time; then tells sums and findings.

    `craft_of` gives the craft of a profile's name. `party` narrows the sums to what that party stated,
    `since` (microseconds) to what was stated of that time and later; what came before is known all the
    same.
    """

    def __init__(
        self,
        craft_of: Callable[[str], Craft | None] = lambda name: None,
        party: str | None = None,
        since: int | None = None,
    ) -> None:
        self._craft_of = craft_of
        self._party = party
        self.accounts: dict[str, Account] = {}
        self.steps: dict[str, StepSum] = {}
        self.came: dict[str, Ticks] = {}
        self.went: dict[str, Ticks] = {}
        self.count = 0
        self.suspects: dict[str, None] = {}
        self.claims = ClaimBook()
        self.harvests = HarvestBook()
        self.shipments = ShipmentBook()
        self._processes: dict[str, _Process] = {}
        self._since = since
        self._counting = True
        self._now = 0
        self._alike: dict[tuple[object, ...], Statement] = {}
        self._repeated: dict[tuple[object, ...], set[str]] = {}
        self._findings: list[Finding] = []

    def take_all(self, statements: Iterable[Statement]) -> Balance:
        """Take all of these."""
        for one in statements:
            self.take(one)
        return self

    def take(self, one: Statement) -> None:
        """Take one statement; not before those of an earlier time."""
        if one.time != self._now:
            self._now = one.time
            self._counting = self.claims.counting = self._since is None or one.time >= self._since
            self._alike.clear()
            self._repeated.clear()
        if self._is_repeat(one):
            return  # the same event, captured again, or by someone who confirms it
        self.count += self._counting
        craft = (self._craft_of(one.profile) or _NO_CRAFT) if one.profile else _NO_CRAFT
        if one.type == "TransformationEvent":
            self._transform(one, craft)
        elif one.creates:
            self._create(one, craft)
        elif one.packs:
            self._pack(one)
        elif one.unpacks:
            self._unpack(one)
        elif one.things:
            self._move(one, craft)
        if one.area is not None and one.place is not None:
            self.harvests.state_area(one.place, one.area)
        for kind, text in one.problems:
            self._findings.append(Finding(kind, "warning", text, (), (), (one.number,), (one.issuer,)))

    def _is_repeat(self, one: Statement) -> bool:
        key = likeness(one)
        first = self._alike.setdefault(key, one)
        if first is one:
            return False
        if first.body == one.body:
            return True
        known = self._repeated.setdefault(key, {identity(first)})
        mine = identity(one)
        if mine in known:
            return True
        known.add(mine)
        return False

    def stock(self) -> dict[str, Ticks]:
        """What is left of all lots that came into being here, by unit, in ticks."""
        found: dict[str, Ticks] = {}
        for account in self.accounts.values():
            if account.made_at is not None:
                found[account.unit] = found.get(account.unit, 0) + account.came - account.went
        return found

    def left_over(self) -> set[str]:
        """The lots of which more came in than went out."""
        return {lot for lot, account in self.accounts.items() if account.came > account.went}

    def findings(self) -> list[Finding]:
        """All findings, the worst first."""
        for process in self._processes.values():
            self._judge(process)
        self._processes.clear()
        found = [*self._findings, *stock_findings(self.accounts), *self.claims.findings()]
        return in_order([*found, *self.harvests.findings(), *self.shipments.findings()])

    # --- Taking ---------------------------------------------------------------------------------------

    def _transform(self, one: Statement, craft: Craft) -> None:
        shared = one.transformation
        process = _Process() if shared is None else self._processes.setdefault(shared, _Process())
        process.statements.append(one)
        before = (process.inputs, process.outputs)
        for part in one.inputs:
            account, amount = self._use(one, part)
            if amount is None or account.unit != KILOGRAM:
                process.complete = False
                continue
            process.inputs += amount
            for claim in account.claims or ():
                process.claims[claim] = process.claims.get(claim, 0) + account.claimed(claim, amount)
            for claim, apart in (account.foreign or {}).items():
                part_apart = portion(amount, apart, account.came or 1)
                process.foreign[claim] = process.foreign.get(claim, 0) + part_apart
        for part in one.outputs:
            account = self._account(part.lot)
            if one.unit_mass is not None:
                self._weigh(one.unit_mass, account, part)
            amount = self._amount(one, account, part)
            if account.used_at is not None:
                self.suspects[part.lot] = None
            self._made(one, account, part, amount)
            if amount is None or account.unit != KILOGRAM:
                process.complete = False
            else:
                process.outputs += amount
            if shared is None:
                self.claims.make(one, account, part.lot, amount, process, craft)
            else:
                self.claims.promise(one, account, amount)
                for claim in one.claims:
                    process.stated[claim] = process.stated.get(claim, 0) + (amount or 0)
        process.expected = craft.yield_of(one) or process.expected
        if process.complete:
            self._step(one, process.inputs - before[0], process.outputs - before[1])
        if shared is None:
            self._judge(process)

    def _create(self, one: Statement, craft: Craft) -> None:
        amounts: list[Ticks] = []
        limit, foreign = craft.limits.get(one.step), craft.foreign(one.step)
        for part in one.things:
            account = self._account(part.lot)
            if one.unit_mass is not None:
                self._weigh(one.unit_mass, account, part)
            amount = self._amount(one, account, part)
            if account.made_at is not None and self._repeats(one, account, part, amount):
                continue
            self._made(one, account, part, amount)
            if amount is None:
                continue
            amounts.append(amount)
            self._sum(self.came, one, account.unit, amount)
            if one.claims or foreign:
                self.claims.begin(one, account, part.lot, amount, craft, foreign)
            if limit is not None:
                self.harvests.add(one, account.unit, amount, limit)
        if amounts:
            self.harvests.compare(one, tuple(amounts))

    def _pack(self, one: Statement) -> None:
        assert one.parent is not None
        if one.type != "AggregationEvent":
            return  # what is fixed to a thing does not become part of its mass
        parent = self._account(one.parent)
        parent.packed_into = True
        if parent.unit in ("", PIECE):
            parent.unit, parent.came, parent.went = KILOGRAM, 0, 0
        for part in one.things:
            account = self._account(part.lot)
            if one.unit_mass is not None:
                self._weigh(one.unit_mass, account, part)
            amount = self._amount(one, account, part)
            account.packed = True
            if amount is None or account.unit != KILOGRAM:
                continue
            parent.came += amount
            parent.piece = (parent.piece or 0) + amount
            for claim in account.claims or ():
                parent.carry(claim, account.claimed(claim, amount))

    def _unpack(self, one: Statement) -> None:
        assert one.parent is not None
        parent = self._account(one.parent)
        taken: Ticks = 0
        for part in one.things:
            account = self._account(part.lot)
            amount = self._amount(one, account, part)
            taken += amount if amount is not None and account.unit == KILOGRAM else 0
        left = (parent.piece or 0) - taken if one.things else 0
        parent.piece = left if left > 0 else 0

    def _move(self, one: Statement, craft: Craft) -> None:
        for part in one.things:
            if one.destroys or one.biz_step in _SELLS:
                account, amount = self._use(one, part)
                if amount is not None:
                    self._sum(self.went, one, account.unit, amount)
            else:
                account = self._account(part.lot)
                amount = self._amount(one, account, part)
                if amount is not None and (one.ships or one.receives):
                    self.shipments.move(one, part.lot, account, amount)
            if one.claims:
                self.claims.state(one, account, part.lot, amount, craft)

    # --- Accounts -------------------------------------------------------------------------------------

    def _account(self, lot: str) -> Account:
        account = self.accounts.get(lot)
        if account is None:
            account = self.accounts[lot] = Account()
        return account

    def _weigh(self, mass: Quantity, account: Account, part: Part) -> None:
        """Take the mass of a piece from the statement that brings pieces into being."""
        if account.piece is not None or mass.unit != KILOGRAM:
            return
        if part.quantity is not None and is_count(part.quantity.unit):
            account.piece = ticks(mass)

    def _amount(self, one: Statement, account: Account, part: Part) -> Ticks | None:
        """A part's amount in the account's unit; None, and perhaps a finding, where it has none."""
        if part.quantity is None:
            return None
        amount, unit = ticks(part.quantity), part.quantity.unit
        if account.piece is not None and is_count(unit):
            amount, unit = portion(amount, account.piece, TICKS), KILOGRAM
        if account.unit == unit:
            return amount
        if not account.unit:
            account.unit = unit
            return amount
        if account.packed_into and part.item:
            return None  # a container that is counted: what is in it is measured
        kind = "quantity-without-unit" if part.bare else "incompatible-units"
        text = f"{part.lot} is measured in {account.unit}, and here in {unit}: it cannot be summed"
        numbers = (("stated", part.quantity),)
        self._findings.append(
            Finding(kind, "warning", text, numbers, (part.lot,), (one.number,), (one.issuer,))
        )
        return None

    def _made(self, one: Statement, account: Account, part: Part, amount: Ticks | None) -> None:
        if account.made_at is None:
            account.made_at, account.made_by, account.made_in = one.time, one.issuer, one.number
            if account.used_at is not None and account.used_at < one.time:
                text = f"{part.lot} was used before it came into being"
                events = (account.used_in, one.number)
                self._findings.append(Finding("used-before-made", "error", text, (), (part.lot,), events))
        elif account.made_by != one.issuer and one.default_maker != account.made_by:
            text = f"{account.made_by} and {one.issuer} both brought {part.lot} into being"
            parties = (account.made_by or "", one.issuer)
            events = (account.made_in, one.number)
            self._findings.append(
                Finding("made-by-several", "warning", text, (), (part.lot,), events, parties)
            )
        if amount is not None:
            if part.bare and part.quantity is not None and part.quantity.amount.denominator > 1:
                self._unitless(one, part)
            account.came += amount
            account.add_to(one.issuer, amount)

    def _use(self, one: Statement, part: Part) -> tuple[Account, Ticks | None]:
        account = self._account(part.lot)
        amount = self._amount(one, account, part)
        if account.used_at is None:
            account.used_at, account.used_in = one.time, one.number
        if amount is not None:
            account.went += amount
            account.went_in = one.number
            if account.over_in < 0 and account.went > account.came:
                account.over_in = one.number
            account.take_from(one.issuer, amount)
            if account.packed_into:
                account.piece = 0
        elif part.quantity is None:
            text = f"{one.issuer} used {part.lot} and did not say how much"
            self._findings.append(
                Finding("quantity-missing", "warning", text, (), (part.lot,), (one.number,), (one.issuer,))
            )
        return account, amount

    def _repeats(self, one: Statement, account: Account, part: Part, amount: Ticks | None) -> bool:
        """Whether someone else has recorded the same coming into being already: it counts once."""
        if account.made_at is None or amount is None or amount != account.came:
            return False
        same_day = account.made_at // _DAY == one.time // _DAY
        if account.made_by == one.issuer:
            return part.item  # an item comes into being once, whoever numbers it
        if not same_day and not part.item:
            return False
        text = f"{account.made_by} and {one.issuer} each recorded {part.lot}; it counts once"
        numbers = (("stated", of_ticks(amount, account.unit)),)
        events, parties = (account.made_in, one.number), (account.made_by or "", one.issuer)
        self._findings.append(
            Finding("delivery-recorded-twice", "warning", text, numbers, (part.lot,), events, parties)
        )
        return True

    def _unitless(self, one: Statement, part: Part) -> None:
        text = f"{one.issuer} stated {part.quantity} of {part.lot}: a part of a piece, or a unit is missing"
        numbers = () if part.quantity is None else (("stated", part.quantity),)
        self._findings.append(
            Finding(
                "quantity-without-unit", "warning", text, numbers, (part.lot,), (one.number,), (one.issuer,)
            )
        )

    # --- Sums and judgements --------------------------------------------------------------------------

    def _sum(self, into: dict[str, Ticks], one: Statement, unit: str, amount: Ticks) -> None:
        if self._counting and (self._party is None or one.issuer == self._party):
            into[unit] = into.get(unit, 0) + amount

    def _step(self, one: Statement, inputs: Ticks, outputs: Ticks) -> None:
        if self._counting and (self._party is None or one.issuer == self._party):
            step = self.steps.setdefault(one.step or one.biz_step or "transformation", StepSum())
            step.count += 1
            step.inputs += inputs
            step.outputs += outputs

    def _judge(self, process: _Process) -> None:
        """A transformation is complete: its yield, and where it was in several statements its claims."""
        one = process.statements[0]
        expected = process.expected
        lots = tuple(dict.fromkeys(part.lot for each in process.statements for part in each.outputs))
        events = tuple(each.number for each in process.statements)
        if expected is not None and process.complete and process.inputs and process.outputs:
            ratio = Fraction(process.outputs) / Fraction(process.inputs)
            if not expected.low <= ratio <= expected.high:
                sums = (of_ticks(process.inputs, KILOGRAM), of_ticks(process.outputs, KILOGRAM))
                self._findings.append(yield_finding(one, expected, ratio, sums, lots, events))
        if one.transformation is not None:
            for claim, stated in process.stated.items():
                self.claims.settle(one, claim, lots[0] if lots else "", stated, process.outputs, process)
