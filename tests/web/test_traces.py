"""Traces, balances and recalls over HTTP: what a sender may see of them, and nothing else."""

from __future__ import annotations

from urllib.parse import quote

from tests.trace.made import lot, made, turned
from tests.web.live import Live, captured, document


def path(kind: str, name: str) -> str:
    return f"/{kind}/{quote(lot(name), safe='')}"


def test_a_lot_is_traced_by_those_who_may(live: Live) -> None:
    with live.client("adela") as adela:
        captured(adela.post("/capture", json=document(made("http-a", 60, **{"fh:claims": ["organic"]}))))
    with live.client("coop") as coop:
        captured(coop.post("/capture", json=document(turned([("http-a", 60)], [("http-p", 50)], 10))))
        own = coop.get(path("trace", "http-p")).json()
        assert own["lots"] == [lot("http-p"), lot("http-a")]
        assert [one["severity"] for one in own["findings"]] == []
    with live.client("admin") as admin:
        found = admin.get(path("trace", "http-p")).json()
        assert found["custody"]["model"] == "identity preserved"
        (maker,) = found["shares"]
        assert found["shares"][maker] == {"value": 1.0, "exact": "1"}
        assert found["claims"]["organic"]["level"] == "counter-signed"
        ahead = admin.get(path("trace", "http-a"), params={"direction": "forward"}).json()
        assert ahead["lots"] == [lot("http-a"), lot("http-p")]
        drawn = admin.get(path("trace", "http-p") + "/picture")
        assert drawn.headers["content-type"].startswith("image/svg+xml")
        assert b"http-p" in drawn.content
        recalled = admin.get(path("recall", "http-a")).json()
        assert [one["lot"] for one in recalled["held"]] == [lot("http-p")]
        sums = admin.get(path("balance", "http-p")).json()
        assert sums["stock"] == [{"value": 50.0, "uom": "KGM", "exact": "50"}]
        season = admin.get("/balance", params={"since": "2026-03-01", "claim": "organic"}).json()
        assert season["claims"][0]["made"]["value"] == 60
    with live.client("adela") as adela:
        assert adela.get(path("trace", "http-p")).status_code == 404
        assert adela.get(path("recall", "http-p")).status_code == 404


def test_what_is_asked_wrongly_is_refused(live: Live) -> None:
    with live.client("admin") as admin:
        assert admin.get(path("trace", "never")).status_code == 404
        assert admin.get("/trace/no%20uri").status_code == 400
        assert admin.get(path("trace", "http-p"), params={"direction": "up"}).status_code == 400
        assert admin.get("/balance", params={"since": "yesterday"}).status_code == 400
        assert admin.get("/balance", params={"when": "now"}).status_code == 400
    with live.client(None) as stranger:
        assert stranger.get(path("trace", "http-p")).status_code == 401
