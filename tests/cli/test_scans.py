"""Scans and tags from the command line, in this process; and a piece that its owner claimed."""

from __future__ import annotations

from firsthand.identity.sun import Tap, sun_mac
from tests.cli.test_sealed import Here, ready
from tests.identity.test_sun import picc_data
from tests.made import event

__all__ = ["ready"]

PIECE = "https://coop.example/id/item/ring-7"
UID = "04DE5F1EACC040"


def test_scans(ready: Here) -> None:
    name = ready.write("sent.json", [event(bizStep="shipping", epcList=[PIECE])])
    ready.run("record", name, "--as", "Adela")
    assert ready.run("scan", "list") == "No scans.\n"
    first = ready.json("scan", "record", PIECE, "--place", "48.1374,11.5755", "--device", "till")
    assert (first["word"], first["scans"]) == ("first-scan", 1)
    text = ready.run("scan", "record", PIECE, "--place=4.71,-74.07")
    assert "Be careful: it was scanned in two places 9300 km apart within a minute" in text
    (one, two) = ready.json("scan", "list", PIECE)["scans"]
    assert (one["place"], two["place"], two["device"]) == ("48.1,11.6", "4.7,-74.1", None)
    assert ready.json("scan", "list")["pieces"][0]["scans"] == 2
    assert ready.json("scan", "check", PIECE)["scans"] == 2
    assert ready.json("scan", "forget") == {"deleted": 0}
    assert "48.1,11.6" in ready.run("scan", "list", PIECE)
    assert "LATITUDE,LONGITUDE" in ready.run("scan", "record", PIECE, "--place", "here", code=2)
    assert "--picc and --cmac" in ready.run("scan", "record", code=2)


def test_tags(ready: Here) -> None:
    name = ready.write("sent.json", [event(bizStep="shipping", epcList=[PIECE])])
    ready.run("record", name, "--as", "Adela")
    assert ready.run("scan", "tag", "list") == "No tags.\n"
    assert "knows no tag" in ready.run("scan", "tag", "keys", UID, code=1)
    assert "14 hex digits" in ready.run("scan", "tag", "add", PIECE, "04", code=2)
    assert ready.json("scan", "tag", "add", PIECE, UID)["piece"] == PIECE
    keys = ready.json("scan", "tag", "keys", UID)
    assert keys["file"] in ready.run("scan", "tag", "keys", UID)
    tap = Tap(bytes.fromhex(UID), 3)
    picc = picc_data(bytes.fromhex(keys["meta"]), tap).hex()
    sent = ("scan", "record", "--picc", picc, "--cmac", sun_mac(bytes.fromhex(keys["file"]), tap).hex())
    assert ready.json(*sent)["word"] == "first-scan"
    assert "Be careful: this message of the tag was used before" in ready.run(*sent, PIECE)
    assert ready.json("scan", "tag", "list", PIECE)["tags"][0]["counter"] == 3
