"""What pages and labels ask is described as it is answered: real things, held to the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from firsthand.chain.keys import WalletKey
from firsthand.chain.signing import sign_single
from firsthand.proof.transaction import TxOutput
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.photographs import add_photograph
from firsthand.service.publish import publish
from firsthand.service.short_codes import short_codes
from firsthand.service.token_moves import place_of
from firsthand.service.token_store import TokenKeys
from firsthand.web.app import make_server_app
from firsthand.web.server import Server
from tests.passport.conftest import PIECE, hostile_workspace
from tests.tokens import atelier, minted, piece_uri
from tests.web.live import running


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChainAccess, httpx.Client]]:
    """A workspace with a published passport, served in this process."""
    access = hostile_workspace(tmp_path_factory.mktemp("pages") / "workspace")
    with running(make_server_app(Server(access))) as url, httpx.Client(base_url=url) as client:
        yield access, client


def check(client: httpx.Client, answer: httpx.Response, path: str, method: str = "get") -> Any:
    """The answer's JSON, which the document describes under this path; its status and type, too."""
    described = client.get("/openapi.json").json()
    responses = described["paths"][path][method]["responses"]
    media = answer.headers["content-type"].partition(";")[0]
    assert str(answer.status_code) in responses, answer.text
    content = responses[str(answer.status_code)]["content"]
    accepted = content.get(media) or content.get(f"{media.partition('/')[0]}/*")
    assert accepted is not None, (media, list(content))
    if media != "application/json":
        return answer.text
    jsonschema.validate(answer.json(), {**accepted["schema"], "components": described["components"]})
    return answer.json()


def test_a_passport_and_its_proofs(document: tuple[ChainAccess, httpx.Client]) -> None:
    _, client = document
    asked = {"uri": PIECE}
    found = check(client, client.get("/passport.json", params=asked), "/passport.json")
    assert [one["share"] for one in found["makers"]] == ["1"]
    assert found["stages"][0]["facts"]
    assert found["claims"]
    same = client.get("/passport", params=asked, headers={"Accept": "application/json"})
    assert check(client, same, "/passport") == found
    page = client.get("/passport", params={**asked, "lang": "fr"})
    assert '<html lang="fr"' in check(client, page, "/passport")
    proofs = client.get(found["proofs"])
    assert check(client, proofs, "/passport.fhproof").count("\n") == len(found["events"])
    missing = client.get("/passport", params={"uri": "https://coop.example/id/item/none"})
    assert missing.status_code == 404
    check(client, missing, "/passport")
    check(client, client.get("/passport.json"), "/passport.json")


def test_a_photograph(document: tuple[ChainAccess, httpx.Client], tmp_path: Path) -> None:
    access, client = document
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    key = add_photograph(access.workspace.folder, tmp_path / "a.svg").rpartition(";")[2]
    check(client, client.get(f"/photographs/{key}"), "/photographs/{photograph}")
    check(client, client.get("/photographs/none"), "/photographs/{photograph}")


def test_a_labels_code(document: tuple[ChainAccess, httpx.Client]) -> None:
    access, client = document
    (code,) = short_codes(access.workspace, [PIECE]).values()
    assert check(client, client.get(f"/find/{code}"), "/find/{code}") == {"item": PIECE}
    for path, known in (("/p/{code}", f"/p/{code}"), ("/find", f"/find?code={code}")):
        answer = client.get(known)
        assert (answer.status_code, answer.headers["location"]) == (307, PIECE)
        assert "307" in client.get("/openapi.json").json()["paths"][path]["get"]["responses"]
    for wrong in ("/p/none", "/p/0000-00000"):
        check(client, client.get(wrong), "/p/{code}")


def test_a_piece_that_is_claimed(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace")
    code = minted(access, "code").code
    assert code is not None
    anchor(access)
    publish(access)
    key, mine = TokenKeys(access).of_code(code), WalletKey(b"\x09" * 32, access.network)
    with running(make_server_app(Server(access))) as url, httpx.Client(base_url=url) as client:
        token = check(client, client.get("/passport.json", params={"uri": piece_uri()}), "/passport.json")[
            "token"
        ]
        assert token["state"] == "live"
        page = client.get("/claim", params={"item": piece_uri(), "lang": "es"})
        assert '<html lang="es"' in check(client, page, "/claim")
        path = f"/tokens/place?owner={key.hash160.hex()}"
        found = check(client, client.get(path), "/tokens/place")
        unlocking = sign_single(place_of(access, key.hash160).coin, TxOutput(1, mine.script), key)
        body = {"token": found["token"], "owner": mine.hash160.hex(), "unlocking": unlocking.hex()}
        done = client.post("/tokens/claims", json=body)
        assert check(client, done, "/tokens/claims", "post")["piece"] == piece_uri()
        again = client.post("/tokens/claims", json=body)
        assert again.status_code == 409
        check(client, again, "/tokens/claims", "post")
        check(client, client.get(path), "/tokens/place")
