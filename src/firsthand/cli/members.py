"""`member`: who belongs to the cooperative, with or without a key of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, table
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.ledger.members import Member
    from firsthand.service.workspace import Workspace

__all__ = ["COOPERATIVE", "register"]

COOPERATIVE = typer.Option(help="The cooperative, where the workspace has several: its name or URI.")
NUMBER = typer.Argument(help="The member's number, old or new, or URI.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    member = typer.Typer(no_args_is_help=True, help="The members of a cooperative; they need no key.")
    member.command("add")(add)
    member.command("list")(list_members)
    member.command("show")(show)
    member.command("change")(change)
    member.command("number")(number)
    member.command("merge")(merge)
    member.command("part")(part)
    member.command("link")(link)
    member.command("import")(import_sheet)
    member.command("countersign")(countersign)
    app.add_typer(member, name="member")


def add(
    number: Annotated[str, typer.Argument(help="The number that the clerk goes by.")],
    name: Annotated[str, typer.Option(help="The member's name; it never enters the log.")],
    phone: Annotated[str, typer.Option(help="Telephone.")] = "",
    account: Annotated[str, typer.Option(help="Where payments go: a mobile-money number, an IBAN.")] = "",
    language: Annotated[str, typer.Option(help="For receipts: en, es or fr.")] = "",
    plot: Annotated[list[str] | None, typer.Option(help="A plot's name; may be given again.")] = None,
    uri: Annotated[str | None, typer.Option(help="The member's URI, where not made from the number.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Add a member. Their party URI exists from now on; a key may come later.

    Example:  firsthand member add 17 --name "Adela Quispe" --phone "+51 900 000 017" --plot Alta
    """
    from firsthand.ledger.members import MemberRecord
    from firsthand.service.members import add_member, cooperative_party, namesake

    workspace = open_workspace()
    record = MemberRecord(
        number=number, name=name, phone=phone, account=account, language=language, plots=tuple(plot or ())
    )
    made = add_member(workspace, cooperative_party(workspace, cooperative), record, uri=uri)
    twin = namesake(workspace, made)
    if twin is not None:
        own, other = made.record.number, twin.record.number
        note(
            f"{own} has the name and telephone of member {other}; if they are one, "
            f"`firsthand member merge {own} {other}`"
        )
    _told(as_json, workspace, made, f"Member {made.record.number} is {made.uri}")


def list_members(
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """List the members, merged ones with the number that they lead to.

    Example:  firsthand member list
    """
    from firsthand.service.member_views import has_key, member_value
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    members = workspace.members.members(owner.uri)
    roots = workspace.members.roots(owner.uri)
    rows = [
        (
            one.record.number,
            one.record.name,
            one.record.phone,
            ", ".join(one.record.plots),
            f"is {roots[one.uri].record.number}"
            if one.same_as
            else "has a key"
            if has_key(workspace, one)
            else "",
            one.uri,
        )
        for one in members
    ]
    text = table("", ("number", "name", "telephone", "plots", "", "URI"), rows)
    emit(as_json, {"members": [member_value(workspace, one) for one in members]}, text)


def show(
    member: Annotated[str, NUMBER],
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show a member: every number they had, whom they are one with, and what was recorded for them.

    Example:  firsthand member show 17
    """
    from firsthand.service.member_views import member_value

    workspace, found = _find(member, cooperative)
    root = workspace.members.resolve(found)
    family = workspace.members.family(found)
    uris = [uri for one in family for uri in one.identifiers]
    value = {
        **member_value(workspace, found),
        "resolves_to": root.uri,
        "memberships": [one.uri for one in family],
        "events": len(workspace.index.on_behalf_of(uris)),
    }
    rows = [(name.replace("_", " "), _shown(item)) for name, item in value.items()]
    emit(as_json, value, table("", ("", ""), rows))


def change(
    member: Annotated[str, NUMBER],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    phone: Annotated[str | None, typer.Option(help="Another telephone.")] = None,
    account: Annotated[str | None, typer.Option(help="Another account for payments.")] = None,
    language: Annotated[str | None, typer.Option(help="Another language for receipts.")] = None,
    plot: Annotated[list[str] | None, typer.Option(help="All plots anew; may be given again.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Change what is kept of a member; the log fixes both states by digests, and tells neither.

    Example:  firsthand member change 17 --phone "+51 900 000 170"
    """
    from firsthand.service.members import change_member

    given = {"name": name, "phone": phone, "account": account, "language": language}
    changed: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if plot is not None:
        changed["plots"] = tuple(plot)
    if not changed:
        raise typer.BadParameter("say what changes: --name, --phone, --account, --language or --plot")
    workspace, found = _find(member, cooperative)
    made = change_member(workspace, found, **changed)
    _told(as_json, workspace, made, f"Changed member {made.record.number}")


def number(
    member: Annotated[str, NUMBER],
    new: Annotated[str, typer.Argument(help="The new number.")],
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Give a member another number; every old one keeps leading to them.

    Example:  firsthand member number 17 N-0017
    """
    from firsthand.service.members import give_number

    workspace, found = _find(member, cooperative)
    made = give_number(workspace, found, new)
    _told(as_json, workspace, made, f"{', '.join(made.numbers)} all lead to member {made.record.number}")


def merge(
    member: Annotated[str, NUMBER],
    into: Annotated[str, typer.Argument(help="The number that stays.")],
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Say that two numbers are one person's; `member part` takes it back.

    Example:  firsthand member merge 117 17
    """
    from firsthand.service.members import merge_members

    workspace, found = _find(member, cooperative)
    made = merge_members(workspace, found, _find(into, cooperative)[1])
    root = workspace.members.resolve(made)
    _told(as_json, workspace, made, f"Member {made.record.number} is member {root.record.number} from now on")


def part(
    member: Annotated[str, typer.Argument(help="The number that was merged into another.")],
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Part a member from the one that they were merged into by mistake.

    Example:  firsthand member part 117
    """
    from firsthand.service.members import part_members

    workspace, found = _find(member, cooperative)
    made = part_members(workspace, found)
    _told(as_json, workspace, made, f"Member {made.record.number} stands by themselves again")


def link(
    member: Annotated[str, NUMBER],
    public_name: Annotated[
        str | None, typer.Option(help="The name in the log, for all to see; by default the number.")
    ] = None,
    statement: Annotated[
        Path | None, typer.Option(help="A party statement that the member's own device has signed, as JSON.")
    ] = None,
    party: Annotated[str | None, typer.Option(help="The registered party that the member is.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Give a member a key: a new one kept here for them, one on their own device, or a party's.

    A key that is kept here is in the cooperative's hands: what it signs shows no more than that.

    Example:  firsthand member link 17
    Example:  firsthand member link 17 --statement from-the-phone.json
    """
    from firsthand.service.member_keys import link_key, link_party, link_statement
    from firsthand.service.member_views import member_value

    if (statement is not None) + (party is not None) + (public_name is not None) > 1:
        raise typer.BadParameter("--public-name, --statement and --party exclude each other")
    workspace, found = _find(member, cooperative)
    if party is not None:
        found = link_party(workspace, found, party)
        _told(as_json, workspace, found, f"Member {found.record.number} is {found.party} from now on")
    else:
        made = (
            link_key(workspace, found, public_name)
            if statement is None
            else link_statement(workspace, found, read_document(statement))
        )
        text = f"Member {found.record.number} signs with {', '.join(made.party.keys)} from now on"
        value = {**member_value(workspace, found), "keys": made.party.keys, "receipt": made.receipt}
        emit(as_json, value, f"{text} (place {made.party.place} in the log).")


def import_sheet(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file with the columns number and name.")],
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take in a sheet of members: all rows or none. Known numbers are brought up to date.

    Further columns: phone, account, language, plots (divided by commas), URI.

    Example:  firsthand member import members.xlsx
    """
    from firsthand.service.cooperative_sheets import import_members
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    done = import_members(workspace, cooperative_party(workspace, cooperative), file)
    for remark in done.notes:
        note(f"{file}: {remark}")
    value = {"added": done.added, "changed": done.changed, "same": done.same, "notes": done.notes}
    emit(as_json, value, f"{done.added} members added, {done.changed} changed, {done.same} as they were.")


def countersign(
    member: Annotated[str, NUMBER],
    event: Annotated[
        list[str] | None, typer.Option(help="An event ID; may be given again. By default all that is left.")
    ] = None,
    unsigned: Annotated[
        Path | None,
        typer.Option(help="Write the documents to be signed elsewhere, one a line, to this file."),
    ] = None,
    document: Annotated[
        Path | None, typer.Option(help="Take in a counter-signature that was signed elsewhere, as JSON.")
    ] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Sign, as the member, what the cooperative recorded for them.

    Example:  firsthand member countersign 17
    Example:  firsthand member countersign 17 --document from-the-phone.json
    """
    from firsthand.service import confirm

    workspace, found = _find(member, cooperative)
    if unsigned is not None:
        from firsthand.proof.canonical import canonical
        from firsthand.service.prove import write_whole

        documents = confirm.countersignatures_to_sign(workspace, found, event or ())
        write_whole(unsigned, (canonical(one) + b"\n" for one in documents), lambda done: None)
        text = f"Wrote {len(documents)} documents to {unsigned}, to be signed with the member's key."
        emit(as_json, {"file": str(unsigned), "documents": len(documents)}, text)
        return
    done = (
        confirm.countersign(workspace, found, event or ())
        if document is None
        else [confirm.submit_countersignature(workspace, read_document(document))]
    )
    value = {
        "events": sum(one.events for one in done),
        "places": [one.place for one in done],
        "receipts": [one.receipt for one in done],
    }
    places = ", ".join(str(one.place) for one in done)
    emit(as_json, value, f"Counter-signed {value['events']} events (place {places} in the log).")


def read_document(path: Path) -> dict[str, Any]:
    """A signed document from a JSON file. Raises UnreadableInput."""
    import msgspec

    from firsthand.errors import UnreadableInput

    try:
        value = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        raise UnreadableInput(f"{path}: there is no such file") from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInput(f"{path}: not JSON: {error}") from None
    if type(value) is not dict:
        raise UnreadableInput(f"{path}: expected a JSON object")
    return value


def _find(name: str, cooperative: str | None) -> tuple[Workspace, Member]:
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    owner = None if cooperative is None else cooperative_party(workspace, cooperative).uri
    return workspace, workspace.members.find(name, owner)


def _told(as_json: bool, workspace: Workspace, member: Member, text: str) -> None:
    from firsthand.service.member_views import member_value

    now = workspace.members.get(member.uri) or member
    emit(as_json, member_value(workspace, now), f"{text} (place {now.place} in the log).")


def _shown(value: object) -> str:
    return (
        ", ".join(map(str, value))
        if isinstance(value, (list, tuple))
        else ""
        if value is None
        else str(value)
    )
