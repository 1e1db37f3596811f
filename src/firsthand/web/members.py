"""Members' own data over HTTP: a cooperative sees its members, a member sees what is kept of them.

It is personal: `server.public_read` does not open it, and a key without a party sees it only as an admin.
"""

from __future__ import annotations

from firsthand.errors import NotFound
from firsthand.ledger.deliveries import DeliveryBook
from firsthand.ledger.members import Member
from firsthand.service.confirm import submit_countersignature
from firsthand.service.member_views import delivery_values, member_value, statement_value
from firsthand.service.statements import account_statement
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = [
    "get_member",
    "get_member_account",
    "get_member_deliveries",
    "get_members",
    "post_countersignature",
]


def get_members(call: Call) -> Answer:
    """The members that the sender may see."""
    call.only("perPage", "nextPageToken")
    state = call.page_state()
    after = str(state[0]) if state else ""
    found = sorted((one for one in _visible(call) if one.uri > after), key=lambda one: one.uri)
    page = found[: call.per_page]
    headers = call.next_page([page[-1].uri]) if len(found) > len(page) else {}
    return json_answer([member_value(call.server.workspace, one) for one in page], 200, headers)


def get_member(call: Call) -> Answer:
    """One member, by a number or URI."""
    call.only()
    member = _member(call)
    workspace = call.server.workspace
    root = workspace.members.resolve(member)
    return json_answer({**member_value(workspace, member), "resolves_to": root.uri})


def get_member_deliveries(call: Call) -> Answer:
    """What a member delivered."""
    call.only("season")
    workspace = call.server.workspace
    uris = [one.uri for one in workspace.members.family(_member(call))]
    found = DeliveryBook(workspace.engine).all(uris, call.parameter("season"))
    return json_answer(delivery_values(workspace, found))


def get_member_account(call: Call) -> Answer:
    """A member's account of a season, by default the one opened last."""
    call.only("season")
    statement = account_statement(call.server.workspace, _member(call), call.parameter("season"))
    return json_answer(statement_value(statement))


def post_countersignature(call: Call) -> Answer:
    """Journal a counter-signature that a member's own device has signed: 201 with the log's receipt."""
    call.only()
    done = submit_countersignature(call.server.workspace, call.json_body())
    return json_answer({"place": done.place, "events": done.events, "receipt": done.receipt}, 201)


def _member(call: Call) -> Member:
    """The member of the path. Raises NotFound also for one that the sender may not see."""
    name = call.names["member"]
    members = call.server.workspace.members
    own = call.sender.party
    found = None
    if own is not None and not call.sender.may("admin"):
        # A number is looked up among the sender's own members first: others may have the same.
        cooperative = own if members.get(own) is None else members.cooperative_of(own)
        found = members.find(name, cooperative)
    else:
        found = members.find(name)
    if not _sees(call, found):
        raise NotFound(f"there is no member {name!r}")
    return found


def _visible(call: Call) -> list[Member]:
    members = call.server.workspace.members
    sender = call.sender
    if sender.may("admin"):
        return members.members()
    if sender.party is None:
        raise Problem(403, "SecurityException", "this API key speaks for no party")
    own = members.get(sender.party)
    return [*members.members(sender.party), *(members.family(own) if own is not None else [])]


def _sees(call: Call, member: Member) -> bool:
    """An admin all, a cooperative its members, a member whoever is one person with them."""
    sender = call.sender
    if sender.may("admin"):
        return True
    if sender.party is None:
        return False
    family = call.server.workspace.members.family(member)
    return sender.party == member.cooperative or any(sender.party in one.identifiers for one in family)
