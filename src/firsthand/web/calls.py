"""One request and one answer, as the functions behind the routes see them: plain values, no framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from firsthand import __version__
from firsthand.proof.parties import is_uri
from firsthand.service.api_keys import Principal
from firsthand.service.epcis_output import EPC_FORMATS
from firsthand.web.problems import Problem
from firsthand.web.server import Server

__all__ = ["CORS", "JSON", "VERSION_HEADERS", "Answer", "Call", "Endpoint", "json_answer"]

JSON: Final = "application/json"

VERSION_HEADERS: Final = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-EPCIS-Min": "2.0.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-CBV-Min": "2.0.0",
    "GS1-CBV-Max": "2.0.0",
    "GS1-Vendor-Version": f"firsthand-{__version__}",
}

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language",
    "Access-Control-Expose-Headers": "Link, Location",
}
"""What lets a page of any origin read an answer (GS1-Conformant Resolver 1.2 §2.2)."""

_OURS: Final = (2, 0, 0)
_PER_PAGE: Final = 30
MOST_PER_PAGE: Final = 1_000
LONGEST_URI: Final = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and further headers of an answer."""

    status: int = 200
    body: bytes = b""
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in."""

    server: Server
    method: str
    path: str
    names: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    principal: Principal | None
    base_url: str
    body: bytes = b""
    client: str = ""
    raw_query: str = ""

    @property
    def sender(self) -> Principal:
        """The sender, where the route lets nobody in without a key."""
        if self.principal is None:
            raise Problem(401, "SecurityException", "an API key is needed: Authorization: Bearer fh_…")
        return self.principal

    def parameter(self, name: str, longest: int | None = None) -> str | None:
        """A query parameter that may be given once. Raises Problem when it is given again.

        Where it has a `longest` number of characters it has at least one, too.
        """
        found = [value for key, value in self.query if key == name]
        if len(found) > 1:
            raise Problem(400, "QueryParameterException", f"{name} is given {len(found)} times")
        if found and longest is not None and not 0 < len(found[0]) <= longest:
            raise Problem(400, "QueryParameterException", f"{name} has 1 to {longest} characters")
        return found[0] if found else None

    def uri_parameter(self, name: str) -> str | None:
        """A query parameter that is a URI of at most `LONGEST_URI` characters. Raises Problem."""
        found = self.parameter(name, LONGEST_URI)
        if found is not None and not is_uri(found):
            raise Problem(400, "QueryParameterException", f"{name} is a URI")
        return found

    def only(self, *names: str) -> None:
        """Refuse query parameters that mean nothing here."""
        for key, _ in self.query:
            if key not in names:
                raise Problem(400, "QueryParameterException", f"{key[:100]} is no parameter of this resource")

    @property
    def per_page(self) -> int:
        """How many things are asked for on a page: 30 unless told, 1,000 at the most."""
        text = self.parameter("perPage")
        if text is None:
            return _PER_PAGE
        if not (text.isascii() and text.isdigit() and len(text) < 40) or int(text) < 1:
            raise Problem(
                400, "QueryParameterException", f"perPage: expected a whole number from 1, got {text[:40]!r}"
            )
        return min(int(text), MOST_PER_PAGE)

    @property
    def epc_format(self) -> str:
        """The spelling of identifiers that is asked for."""
        text = self.headers.get("gs1-epc-format", "Always_GS1_Digital_Link")
        if text not in EPC_FORMATS:
            raise Problem(
                400, "ValidationException", f"GS1-EPC-Format: expected one of {', '.join(EPC_FORMATS)}"
            )
        return text

    def page_state(self) -> list[int | str | None] | None:
        """What the page token holds; None on the first page."""
        token = self.parameter("nextPageToken")
        return None if token is None else self.server.tokens.read(token, self._listing())

    def next_page(self, state: list[int | str | None]) -> dict[str, str]:
        """The headers that lead to the next page."""
        from datetime import UTC, datetime
        from urllib.parse import urlencode

        token, expires = self.server.tokens.make(state, self._listing())
        kept = [(key, value) for key, value in self.query if key != "nextPageToken"]
        url = f"{self.base_url}{self.path}?{urlencode([*kept, ('nextPageToken', token)])}"
        moment = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"Link": f'<{url}>; rel="next"', "GS1-Next-Page-Token-Expires": moment}

    def _listing(self) -> str:
        """What a token is good for: this resource, these conditions, this sender."""
        kept = sorted((key, value) for key, value in self.query if key not in ("nextPageToken", "perPage"))
        who = self.principal.party or "*" if self.principal is not None else ""
        return f"{who} {self.path} {kept}"

    def check_versions(self) -> None:
        """Refuse a client that does not speak EPCIS and CBV 2.0. Raises Problem."""
        for family in ("EPCIS", "CBV"):
            for bound in ("Min", "Max", "Version"):
                name = f"GS1-{family}-{bound}"
                text = self.headers.get(name.lower())
                if text is None:
                    continue
                given = _version(name, text)
                fits = (
                    given <= _OURS
                    if bound == "Min"
                    else given >= _OURS
                    if bound == "Max"
                    else given[:2] == _OURS[:2]
                )
                if not fits:
                    raise Problem(
                        406, "NotAcceptableException", f"{name}: this server speaks 2.0.0, not {text[:20]}"
                    )

    def json_body(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Problem."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (JSON, "application/ld+json"):
            raise Problem(415, "UnsupportedMediaTypeException", f"expected {JSON}, got {kind or 'nothing'}")
        try:
            value = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Problem(400, "ValidationException", f"the body is not JSON: {error}") from None
        if type(value) is not dict:
            raise Problem(400, "ValidationException", "expected a JSON object")
        return value


def _version(name: str, text: str) -> tuple[int, ...]:
    parts = text.split(".")
    if len(text) > 40 or not all(part.isascii() and part.isdigit() for part in parts):
        raise Problem(406, "NotAcceptableException", f"{name}: expected a version such as 2.0.0")
    return tuple(int(part) for part in [*parts, "0", "0"][:3])


Endpoint = Callable[[Call], Answer]


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status, msgspec.json.encode(value), JSON, headers or {})
