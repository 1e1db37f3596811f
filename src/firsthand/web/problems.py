"""Errors as problem documents (RFC 9457) with the standard's exception types, mapped in this one place."""

from __future__ import annotations

from typing import Final

import msgspec

from firsthand.errors import (
    Conflict,
    FirsthandError,
    InvalidInput,
    NotFound,
    Unauthorized,
    UnreadableInput,
)
from firsthand.events.query import QueryParameterError
from firsthand.events.query import QueryTooComplex as TooManyConditions
from firsthand.ledger.event_search import QueryTooComplex, QueryTooLarge
from firsthand.service.capture_jobs import TooLarge

__all__ = ["PROBLEM", "Problem", "problem_of"]

PROBLEM: Final = "application/problem+json"

_TITLES: Final = {
    "ValidationException": "The input is not valid",
    "QueryParameterException": "A query parameter is not valid",
    "QueryTooLargeException": "The result is too large",
    "QueryTooComplexException": "The query is too complex",
    "SubscriptionControlsException": "The subscription is not valid",
    "SecurityException": "Not allowed",
    "NoSuchNameException": "Not found",
    "ResourceAlreadyExistsException": "It exists already",
    "CaptureLimitExceededException": "The request is too large",
    "URITooLongException": "The URL is too long",
    "NotAcceptableException": "The answer cannot be given in the form asked for",
    "UnsupportedMediaTypeException": "The body is of an unsupported type",
    "ImplementationException": "The server failed",
}
_OTHER_TITLES: Final = {
    405: "The resource has no such method",
    408: "The request took too long to arrive",
    429: "Too many failed attempts",
    503: "Not ready",
}


class Problem(FirsthandError):
    """An answer that is a problem: status, the standard's exception, what happened, further headers."""

    def __init__(
        self, status: int, exception: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.exception = exception
        self.detail = detail
        self.headers = headers or {}

    def document(self, request_id: str) -> bytes:
        """The problem document; the request's ID is what to look for in the server's log."""
        title = _TITLES.get(self.exception) or _OTHER_TITLES.get(self.status, "The request failed")
        return msgspec.json.encode(
            {
                "type": f"epcisException:{self.exception}" if self.exception else "about:blank",
                "title": title,
                "status": self.status,
                "detail": self.detail,
                "instance": f"urn:uuid:{request_id}",
            }
        )


_STATUS: Final[tuple[tuple[type[FirsthandError], int, str], ...]] = (
    (QueryTooLarge, 413, "QueryTooLargeException"),
    (QueryTooComplex, 413, "QueryTooComplexException"),
    (TooManyConditions, 413, "QueryTooComplexException"),
    (QueryParameterError, 400, "QueryParameterException"),
    (TooLarge, 413, "CaptureLimitExceededException"),
    (NotFound, 404, "NoSuchNameException"),
    (Conflict, 409, "ResourceAlreadyExistsException"),
    (Unauthorized, 403, "SecurityException"),
    (InvalidInput, 400, "ValidationException"),
    (UnreadableInput, 400, "ValidationException"),
)


def problem_of(error: BaseException) -> Problem:
    """The problem that an error is to a client. What we did not raise on purpose is not explained to it."""
    if isinstance(error, Problem):
        return error
    for kind, status, exception in _STATUS:
        if isinstance(error, kind):
            return Problem(status, exception, str(error))
    if isinstance(error, FirsthandError):
        return Problem(500, "ImplementationException", str(error))
    return Problem(
        500, "ImplementationException", "the server failed; its log knows more under this instance"
    )
