"""`party` and `key`: who signs, and with which keys."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.proof.parties import Party
    from firsthand.service.parties import StatementMade

__all__ = ["register"]


class RoleOption(StrEnum):
    """The roles of `--role`."""

    MAKER = "maker"
    COOPERATIVE = "cooperative"
    PROCESSOR = "processor"
    ROASTER = "roaster"
    BRAND = "brand"
    RETAILER = "retailer"
    CERTIFIER = "certifier"
    OPERATOR = "operator"
    DEVICE = "device"


def register(app: typer.Typer) -> None:
    """Add the two groups."""
    party = typer.Typer(no_args_is_help=True, help="Parties: makers, cooperatives and all who sign.")
    party.command("add")(add)
    party.command("list")(list_parties)
    app.add_typer(party, name="party")
    key = typer.Typer(no_args_is_help=True, help="The signing keys of a party.")
    key.command("rotate")(rotate)
    key.command("revoke")(revoke)
    app.add_typer(key, name="key")


def add(
    name: Annotated[str, typer.Argument(help="The party's name as people know it.")],
    role: Annotated[list[RoleOption], typer.Option(help="What it does; may be given again.")],
    uri: Annotated[str | None, typer.Option(help="Its URI, where not made from the name.")] = None,
    voucher: Annotated[
        str | None,
        typer.Option(help="The cooperative that may replace a lost key; by default the only one there is."),
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Register a party with a new key of its own, as a signed statement in the log.

    Example:  firsthand party add "Adela Quispe" --role maker
    """
    from firsthand.service.parties import add_party

    made = add_party(open_workspace(), name, tuple(option.value for option in role), voucher=voucher, uri=uri)
    _told(as_json, made, f"Registered {made.party.name} as {made.party.uri}")


def list_parties(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """List all parties with their roles and keys in force.

    Example:  firsthand party list
    """
    parties = open_workspace().parties.current().parties()
    rows = [
        (party.name, ", ".join(party.roles), party.uri, ", ".join(party.keys) or "none: revoked")
        for party in parties
    ]
    emit(
        as_json,
        {"parties": [_plain(party) for party in parties]},
        table("", ("name", "roles", "URI", "keys"), rows),
    )


def rotate(
    party: Annotated[str, typer.Argument(help="The party's name or URI.")],
    lost: Annotated[
        bool, typer.Option("--lost", help="The old key is lost: the party's cooperative vouches.")
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Replace a party's keys by a new one, from this place in the log on.

    Example:  firsthand key rotate "Adela Quispe" --lost
    """
    from firsthand.service.parties import rotate_key

    made = rotate_key(open_workspace(), party, lost=lost)
    _told(as_json, made, f"{made.party.name} signs with {made.party.keys[0]} from now on")


def revoke(
    party: Annotated[str, typer.Argument(help="The party's name or URI.")],
    key: Annotated[str | None, typer.Option(help="The did:key to withdraw; by default all of them.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Withdraw a party's key: what it signs is refused from this place on, what stands stays valid.

    Example:  firsthand key revoke "Adela Quispe"
    """
    from firsthand.service.parties import revoke_key

    made = revoke_key(open_workspace(), party, key=key)
    _told(as_json, made, f"{made.party.name} has {len(made.party.keys)} keys in force from now on")


def _told(as_json: bool, made: StatementMade, text: str) -> None:
    place = f" (place {made.party.place} in the log)."
    emit(as_json, {**_plain(made.party), "receipt": made.receipt}, text + place)


def _plain(party: Party) -> dict[str, Any]:
    return {
        "uri": party.uri,
        "name": party.name,
        "roles": party.roles,
        "keys": party.keys,
        "voucher": party.voucher,
        "place": party.place,
    }
