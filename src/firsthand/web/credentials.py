"""Credentials and status lists over HTTP: at stable URLs for who checks, issued with the scope `certify`."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import msgspec

from firsthand.errors import NotFound
from firsthand.identity.credentials import MEDIA_TYPE
from firsthand.ledger.credentials import KeptCredential
from firsthand.proof.credential import parse_credential
from firsthand.proof.status_list import PURPOSES
from firsthand.service.capture import seen_block
from firsthand.service.certificate_book import CertificateBook, now_occasion
from firsthand.service.certify import find_credential, issue_certificates, set_status
from firsthand.service.status_lists import published
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = [
    "MEDIA_TYPE",
    "get_credential",
    "get_credentials",
    "get_standing",
    "get_status_list",
    "post_credentials",
    "post_status",
]

_MOST: Final = 10_000
"""Certificates of one request."""


def get_credentials(call: Call) -> Answer:
    """The certificates that the sender issued or that are of it; an admin's are all."""
    call.only("subject", "perPage", "nextPageToken")
    state = call.page_state()
    ledger = call.server.workspace.credentials
    subject = call.uri_parameter("subject")
    kept = ledger.of([subject]) if subject is not None else ledger.all()
    mine = [one for one in kept if _may_read(call, one)]
    if state is not None:
        mine = [one for one in mine if (one.place, one.position) > (state[0], state[1])]
    page = mine[: call.per_page]
    more = len(mine) > len(page)
    headers = call.next_page([page[-1].place, page[-1].position]) if more else {}
    return json_answer({"credentials": [_summary(one) for one in page]}, 200, headers)


def post_credentials(call: Call) -> Answer:
    """Issue certificates as the sender's party, all of them or none."""
    call.only()
    body = call.json_body()
    party = _party(call)
    certificates = body.get("certificates")
    if set(body) != {"profile", "certificates"} or type(body["profile"]) is not str:
        raise Problem(400, "ValidationException", "expected an object with `profile` and `certificates`")
    if type(certificates) is not list or not 0 < len(certificates) <= _MOST:
        raise Problem(400, "ValidationException", f"certificates: expected a list of 1 to {_MOST}")
    if any(type(one) is not dict for one in certificates):
        raise Problem(400, "ValidationException", "certificates: expected objects")
    workspace = call.server.workspace
    made = issue_certificates(workspace, party, body["profile"], certificates, after=seen_block(workspace))
    value = {
        "place": made.place,
        "receipt": made.receipt,
        "credentials": [msgspec.Raw(one.document) for one in made.credentials],
    }
    name = made.credentials[0].id.rpartition("/")[2]
    return json_answer(value, 201, {"Location": f"{call.base_url}/credentials/{quote(name)}"})


def get_credential(call: Call) -> Answer:
    """A credential as it was signed; a confidential one for its issuer and those it is of."""
    call.only()
    return Answer(200, _find(call).document, MEDIA_TYPE)


def get_standing(call: Call) -> Answer:
    """How a certificate stands now, by this workspace's trust list."""
    call.only()
    workspace = call.server.workspace
    one = CertificateBook(workspace).judge(_find(call), now_occasion(workspace))
    value = {
        "id": one.kept.id,
        "standing": one.judgement.standing.value,
        "detail": one.judgement.detail,
        "place": one.kept.place,
        "claims": list(one.kind.claims) if one.kind else [],
    }
    return json_answer(value)


def post_status(call: Call) -> Answer:
    """Revoke, suspend or reinstate a certificate of the sender's."""
    call.only()
    body = call.json_body()
    purpose, value = body.get("purpose"), body.get("set")
    if set(body) != {"purpose", "set"} or purpose not in PURPOSES or type(value) is not bool:
        raise Problem(
            400,
            "ValidationException",
            f"expected `purpose` ({' or '.join(PURPOSES)}) and `set`, true or false",
        )
    kept = _find(call)
    workspace = call.server.workspace
    made = set_status(workspace, _party(call), [kept.id], purpose, value, after=seen_block(workspace))
    changes = [{"list": one.list, "place": one.place, "receipt": one.receipt} for one in made]
    return json_answer({"changes": changes})


def get_status_list(call: Call) -> Answer:
    """A status list as its issuer publishes it, signed."""
    call.only()
    return Answer(200, published(call.server.workspace, call.names["statusListID"]), MEDIA_TYPE)


def _find(call: Call) -> KeptCredential:
    name = call.names["credentialID"]
    kept = find_credential(call.server.workspace, name)
    if kept.confidential and not _may_read(call, kept):
        # Whether there is one is confidential, too.
        raise NotFound(f"no credential {name!r} is kept here")
    return kept


def _may_read(call: Call, kept: KeptCredential) -> bool:
    principal = call.principal
    if principal is None:
        return False
    if principal.may("admin"):
        return True
    subjects = parse_credential(msgspec.json.decode(kept.document)).subjects
    return principal.party is not None and principal.party in (kept.issuer, *subjects)


def _party(call: Call) -> str:
    party = call.sender.party
    if party is None:
        raise Problem(
            403, "SecurityException", "this API key speaks for no party; certificates have an issuer"
        )
    return party


def _summary(kept: KeptCredential) -> dict[str, Any]:
    return {
        "id": kept.id,
        "type": kept.type or None,
        "profile": kept.profile or None,
        "issuer": kept.issuer,
        "place": kept.place,
        "confidential": kept.confidential,
    }
