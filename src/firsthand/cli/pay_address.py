"""`pay address`: where a maker or cooperative is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.ledger.payouts import PayoutRecord
    from firsthand.service.payout_addresses import Notice
    from firsthand.service.workspace import Workspace

__all__ = ["WHO", "add_to", "payee"]

WHO = typer.Argument(help="A party's name or URI, or a member's number or URI.")


def add_to(pay: typer.Typer) -> None:
    """Add `address` and `notices` to the group."""
    address = typer.Typer(no_args_is_help=True, help="Where a maker or cooperative is paid.")
    address.command("set")(set_address)
    address.command("show")(show_address)
    pay.add_typer(address, name="address")
    pay.command("notices")(list_notices)


def set_address(
    who: Annotated[str, WHO],
    identity_key: Annotated[
        str, typer.Option("--identity-key", help="A BRC-100 wallet's identity key: 66 hex digits.")
    ] = "",
    address: Annotated[str, typer.Option(help="One address, used again and again; better give a key.")] = "",
    own: Annotated[bool, typer.Option("--own", help="Under this workspace's own payment key.")] = False,
    for_members: Annotated[
        bool, typer.Option("--for-members", help="Receive for the cooperative's members; needs --own.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public/--private", help="Show to everybody what they got.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Be paid nowhere.")] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Say where a party or member is paid. The first time it counts at once, later after a delay.

    Example:  firsthand pay address set "Adela Quispe" --identity-key 02c6047f9441ed7d6d3045406e95c07cd8…
    Example:  firsthand pay address set "Sample Hills Cooperative" --own --for-members
    """
    from firsthand.errors import InvalidInput
    from firsthand.ledger.payouts import PayoutRecord
    from firsthand.service.pay_views import notice_value
    from firsthand.service.payout_addresses import payment_identity, set_payout

    if [bool(identity_key), bool(address), own, stop].count(True) != 1:
        raise InvalidInput("give one of --identity-key, --address, --own and --stop")
    workspace = open_workspace()
    key = payment_identity(workspace).public.hex() if own else identity_key.strip().lower()
    record = PayoutRecord(identity_key=key, address=address.strip(), public=public, for_members=for_members)
    made = set_payout(workspace, payee(workspace, who), record)
    emit(as_json, notice_value(made), _notice_text(made))


def show_address(who: Annotated[str, WHO], as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Show where a party or member is paid, what waits, and what was before.

    Example:  firsthand pay address show "Adela Quispe"
    """
    from firsthand.service.pay_views import notice_value
    from firsthand.service.payout_addresses import notices

    workspace = open_workspace()
    found = notices(workspace, [payee(workspace, who)])
    emit(as_json, {"payouts": [notice_value(one) for one in found]}, _notices_text(found))


def list_notices(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """List every statement of where somebody is paid, the newest first.

    Example:  firsthand pay notices
    """
    from firsthand.service.pay_views import notice_value
    from firsthand.service.payout_addresses import notices

    found = notices(open_workspace())
    emit(as_json, {"payouts": [notice_value(one) for one in found]}, _notices_text(found))


def payee(workspace: Workspace, who: str) -> str:
    """The URI of a party by name or URI, else of a member by number or URI."""
    from firsthand.errors import NotFound, Unauthorized

    try:
        return workspace.parties.find(who).uri
    except Unauthorized as unknown:
        member = workspace.members.get(who)
        try:
            found = member or workspace.members.find(who)
        except NotFound:
            raise unknown from None
        root = workspace.members.resolve(found)
        return root.party or root.uri


def _notice_text(notice: Notice) -> str:
    until = f" until {notice.effective}" if notice.state == "waiting" else ""
    return f"{notice.stated.party}: {notice.state}{until} (log place {notice.stated.place})"


def _notices_text(found: list[Notice]) -> str:
    rows = [
        (
            one.stated.recorded,
            one.stated.party,
            one.state,
            one.effective,
            "-" if one.stated.record is None else _where(one.stated.record),
        )
        for one in found
    ]
    return table("", ("stated", "party", "", "from", "paid to"), rows)


def _where(record: PayoutRecord) -> str:
    return record.identity_key[:16] + "…" if record.identity_key else record.address or "nowhere"
