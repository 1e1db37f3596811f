"""A fourth craft as a file only: honey, added by its makers to a workspace, shown and recorded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell, document

HONEY = """\
name = "honey"
version = 1
label = { en = "Honey", es = "Miel", sw = "Asali" }

[steps.extraction]
label = { en = "Taking the honey", es = "Castra", sw = "Kuvuna asali" }
type = "ObjectEvent"
action = "ADD"
biz_step = "commissioning"
disposition = "active"
elements = ["flora", "hives", "waterContent"]

[steps.jarring]
label = { en = "Filling of jars", es = "Envasado", sw = "Kujaza chupa" }
type = "TransformationEvent"
biz_step = "commissioning"
disposition = "active"
elements = ["netWeight"]
yields = ["combToJars"]
piece_mass = "netWeight"

[elements.flora]
label = { en = "Flowers", es = "Floración", sw = "Maua" }
kind = "list"
of = "choice"

[elements.flora.choices]
acacia = { en = "acacia", es = "acacia", sw = "mgunga" }
coffee = { en = "coffee", es = "café", sw = "kahawa" }

[elements.hives]
label = { en = "Hives", es = "Colmenas", sw = "Mizinga" }
kind = "number"
possible = [1, 1000]

[elements.waterContent]
label = { en = "Water", es = "Agua", sw = "Maji" }
kind = "quantity"
uom = "P1"
possible = [1, 40]
usual = [13, 20]

[elements.apiary]
label = { en = "Apiary", es = "Colmenar", sw = "Mahali pa mizinga" }
kind = "geometry"
sealed = true

[yields.combToJars]
origin = "honey"
result = "jars"
low = 0.9
high = 1.0
as_of = "2026"
source = "ours"
checked = false

[claims.wild]
label = { en = "Wild flowers", es = "Flores silvestres", sw = "Maua ya porini" }
counts = "input"
begins = ["extraction"]
certificates = ["inspectionVisit"]
"""

MAPPING = """\
name = "honey-book"
version = 1
profile = "honey"
about = "A beekeeper's book"
once = "lot"

[uris]
lot = ["lot/honey:{number}"]
apiary = ["place/apiary:{place}"]
keeper = ["party/keeper-{keeper}"]

[[events]]
step = "extraction"
lot = "lot"
place = "apiary"
on_behalf_of = "keeper"
claims = "claims"
time = "date"
quantity = ["weight"]
ilmd = ["flora", "hives"]
sensors = ["waterContent"]

[fields.number]
columns = ["No"]
required = true

[fields.keeper]
columns = ["Keeper"]

[fields.place]
columns = ["Apiary"]

[fields.date]
columns = ["Date"]
read = "date"
required = true

[fields.weight]
columns = ["Honey"]
element = "netWeight"
required = true
unit = "KGM"

[fields.hives]
columns = ["Hives"]

[fields.flora]
columns = ["Flowers"]

[fields.flora.values]
mgunga = "acacia"
kahawa = "coffee"

[fields.waterContent]
columns = ["Water %"]
unit = "P1"

[fields.claims]
columns = ["Claims"]
read = "list"
optional = true
blank = [""]

[fields.claims.values]
wild = "wild"
"""

BOOK = """\
No,Keeper,Apiary,Date,Honey,Hives,Flowers,Water %,Claims
H1,K1,A1,2026-02-03,18 kg,12,mgunga; kahawa,17.5,wild
H2,K2,A2,2026-02-03,21.5 kg,14,mgunga,18.1,
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shell = Shell(tmp_path_factory.mktemp("bees"))
    shell.run("init", "--uri", "https://bees.example")
    shell.run("party", "add", "Bees", "--role", "cooperative")
    return shell.folder / "workspace"


@pytest.fixture
def ready(template: Path, tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shutil.copytree(template, tmp_path / "workspace")
    shell.write("honey.toml", HONEY.encode())
    shell.write("honey-book.toml", MAPPING.encode())
    shell.write("book.csv", BOOK.encode())
    return shell


def test_a_fourth_craft_needs_a_file_and_no_code(ready: Shell) -> None:
    added = ready.json("profile", "add", "honey.toml")
    assert added["name"] == "honey"
    listed = {one["name"]: one for one in ready.json("profile", "list")["profiles"]}
    assert set(listed) == {"coffee", "honey", "jewellery", "textile"}
    assert listed["honey"]["own"]
    assert not listed["coffee"]["own"]
    assert "Kujaza chupa" in ready.run("profile", "show", "honey", "--language", "sw")
    honey = ready.json("profile", "show", "honey")
    assert set(honey["steps"]) >= {"extraction", "jarring", "shipping", "selling"}
    assert honey["certificates"].keys() == {"inspectionVisit", "livingWage"}

    profile = ("--profile", "honey", "--mapping", "./honey-book.toml")
    recorded = ready.json("record", "book.csv", "--as", "Bees", *profile)
    assert recorded["files"][0]["events"] == 2
    jars = {
        "type": "TransformationEvent",
        "eventTime": "2026-02-05T09:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "bizStep": "commissioning",
        "inputQuantityList": [
            {"epcClass": "https://bees.example/id/lot/honey:H1", "quantity": 18, "uom": "KGM"}
        ],
        "outputQuantityList": [{"epcClass": "https://bees.example/id/lot/jars:J1", "quantity": 35}],
        "ilmd": {"fh:netWeight": {"fh:value": 500, "fh:uom": "GRM"}, "fh:claims": ["wild"]},
        "fh:profile": "honey",
        "fh:step": "jarring",
    }
    context = [document()["@context"], {"fh": "https://firsthand.example/ns/"}]
    ready.json("record", ready.write("jars.json", document(jars) | {"@context": context}), "--as", "Bees")
    exported = ready.run("export", "events")
    for text in (
        '"fh:profile":"honey"',
        '"fh:onBehalfOf":"https://bees.example/id/party/keeper-K1"',
        '"fh:claims":["wild"]',
        '"fh:flora":["acacia","coffee"]',
        '"fh:mapping":"honey/honey-book/1"',
    ):
        assert text in exported.replace(": ", ":").replace(", ", ",")


def test_a_profile_put_into_the_folder_by_hand_is_the_same(ready: Shell) -> None:
    own = ready.folder / "workspace" / "profiles"
    own.mkdir()
    (own / "honey.toml").write_text(HONEY)
    ready.json("record", "book.csv", "--as", "Bees", "--profile", "honey", "--mapping", "./honey-book.toml")
    (own / "mead.toml").write_text(HONEY)
    assert 'expected the name "mead"' in ready.run("profile", "list", code=2)
    (own / "mead.toml").write_text(HONEY.replace('biz_step = "commissioning"', 'biz_step = "jarring"', 1))
    said = ready.run("profile", "show", "mead", code=2)
    assert "mead.toml: $.steps.extraction.biz_step" in said


def test_a_wrong_or_doubled_profile_is_refused_and_nothing_is_kept(ready: Shell) -> None:
    ready.write("wrong.toml", HONEY.replace('uom = "P1"', 'uom = "XYZ"').encode())
    assert "wrong.toml: $.elements.waterContent.uom" in ready.run("profile", "add", "wrong.toml", code=2)
    assert "not TOML" in ready.run("profile", "add", ready.write("none.toml", b"\xff["), code=2)
    assert "cannot be read" in ready.run("profile", "add", "missing.toml", code=1)
    assert not (ready.folder / "workspace" / "profiles").exists()
    mine = ready.write("coffee.toml", HONEY.replace('name = "honey"', 'name = "coffee"').encode())
    assert "--replace" in ready.run("profile", "add", mine, code=2)
    ready.run("profile", "add", mine, "--replace")
    assert "extraction" in ready.json("profile", "show", "coffee")["steps"]
    unknown = ("record", "book.csv", "--as", "Bees", "--profile", "../honey", "--mapping", "cqi")
    assert 'there is no profile "../honey"' in ready.run(*unknown, code=1)
