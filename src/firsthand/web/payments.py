"""What makers got from shoppers, for their cooperative and themselves: a page, and its JSON twin.

A browser logs in by HTTP Basic (RFC 7617) with the API key as the password.
"""

from __future__ import annotations

from typing import Any, Final

from firsthand.errors import NotFound
from firsthand.service.pay_views import notice_value, parties_value, party_value
from firsthand.service.payout_addresses import notices
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.page_templates import PLAIN_HEADERS, render
from firsthand.web.pages import HTML
from firsthand.web.problems import Problem
from firsthand.web.words import LOCALES, preferred, words_of

__all__ = ["get_party_payments", "get_payments"]

_HEADERS: Final = {**PLAIN_HEADERS, "Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}
_LANGUAGES: Final = [(one, words_of(one)) for one in LOCALES if one != "en-US"]


def get_payments(call: Call) -> Answer:
    """What each of a cooperative's members got from shoppers, what is held, and where they are paid"""
    call.only("lang")
    workspace, party = call.server.workspace, call.sender.party
    if party is None and not call.sender.may("admin"):
        raise Problem(403, "SecurityException", "this API key speaks for no party")
    value = parties_value(call.server.access, None if call.sender.may("admin") else party)
    seen = {one["uri"] for one in value["parties"]} | ({party} if party else set())
    members = {one.uri for one in workspace.members.members(party)} if party else None
    told = notices(workspace, None if members is None else seen | members)
    value["notices"] = [notice_value(one) for one in told[:100]]
    return _answer(call, "payments.html", value, "/payments")


def get_party_payments(call: Call) -> Answer:
    """What one party or member got from shoppers, transaction by transaction"""
    call.only("lang")
    workspace, wanted = call.server.workspace, call.names["party"]
    sender = call.sender
    own = sender.party is not None and sender.party in (wanted, workspace.members.cooperative_of(wanted))
    if not own and not sender.may("admin"):
        raise NotFound(f"there is no party {wanted[:80]!r} that you may see")
    value = party_value(call.server.access, wanted)
    value["notices"] = [notice_value(one) for one in notices(workspace, [wanted])]
    return _answer(call, "payments_of.html", value, call.path)


def _answer(call: Call, template: str, value: dict[str, Any], path: str) -> Answer:
    accept = call.headers.get("accept", "")
    if HTML not in accept:
        return json_answer(value)
    asked = call.parameter("lang")
    words = words_of(asked if asked in LOCALES else preferred(call.headers.get("accept-language", "")))
    text = render(
        template,
        words=words,
        languages=_LANGUAGES,
        language=lambda tag: f"{path}?lang={tag}",
        value=value,
    )
    return Answer(200, text, f"{HTML}; charset=utf-8", _HEADERS | {"Content-Language": words.tag})
