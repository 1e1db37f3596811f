"""What operators and their machines ask: alive, ready, metrics, and the API's own description."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from firsthand import __version__
from firsthand.errors import FirsthandError
from firsthand.service.capture_jobs import Limits
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.metrics import CONTENT_TYPE_LATEST, metrics_text
from firsthand.web.problems import Problem

__all__ = ["get_health", "get_metrics", "get_openapi", "get_readiness"]


def get_health(call: Call) -> Answer:
    """Whether the process lives; asks nothing of the database."""
    call.only()
    return json_answer({"status": "ok", "version": __version__})


def get_readiness(call: Call) -> Answer:
    """Whether requests can be served: the database answers and the server is not stopping."""
    call.only()
    if call.server.stopping.is_set():
        raise Problem(503, "", "the server is stopping")
    try:
        events = call.server.search.end()
    except (FirsthandError, SQLAlchemyError) as error:
        raise Problem(503, "", f"the database does not answer: {type(error).__name__}") from None
    return json_answer({"status": "ready", "events": events})


def get_metrics(call: Call) -> Answer:
    """Prometheus metrics, for an admin's key."""
    call.only()
    return Answer(200, metrics_text(call.server), CONTENT_TYPE_LATEST)


def get_openapi(call: Call) -> Answer:
    """The OpenAPI document of this server."""
    call.only()
    return Answer(200, _description(call.server.limits))


@lru_cache(maxsize=4)
def _description(limits: Limits) -> bytes:
    from firsthand.web.openapi import openapi_document

    return msgspec.json.encode(openapi_document(limits))
