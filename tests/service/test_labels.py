"""Labels: what a reader of QR codes sees on them after they were printed at 203 dpi, in every format."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from firsthand.chain.bearer import encode_code
from firsthand.errors import FirsthandError, InvalidInput, NotFound, UnreadableInput
from firsthand.service import short_codes as short_codes_module
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.label_font import LabelFont
from firsthand.service.label_layout import DPI, QUIET, Line, dots, lay_out
from firsthand.service.label_print import print_labels, sheet_of
from firsthand.service.label_sheets import SHEETS
from firsthand.service.labels import (
    Wanted,
    bearer_labels,
    labels,
    read_bearer_codes,
    read_wanted,
)
from firsthand.service.parties import add_party
from firsthand.service.short_codes import item_of, short_codes
from tests.made import LOT, event, new_access, record

URN = "urn:epc:id:sgtin:0614141.812345.6789"
UUID = "urn:uuid:0f2a5b8e-3e1b-4d67-9a3c-2f6f5b1f9c11"
FONT = LabelFont()


@pytest.fixture
def made(access: ChainAccess) -> ChainAccess:
    maker = add_party(access.workspace, "Adela & Sons <Co>", ("maker",)).party
    record(access, maker, *[event(number) for number in range(25)], event(30, epcList=[URN, UUID]))
    return access


def wanted(count: int) -> list[Wanted]:
    return [Wanted(f"{LOT}/{number}") for number in range(count)]


def codes_in(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image.convert("L"))]


def printed(pdf: Path) -> list[Image.Image]:
    """The pages of a PDF as a printer of 203 dpi puts them on paper."""
    document = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=DPI / 72).to_pil() for page in document]


def text_of(pdf: Path) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def make(access: ChainAccess, items: Sequence[Wanted], form: str, path: Path, **options: Any) -> list[Any]:
    sheet = sheet_of(options.pop("sheet", None), options.pop("size", None), form, options.get("skip", 0))
    done = print_labels(
        labels(access.workspace, items, options.pop("language", "en")), sheet, form, path, **options
    )
    return list(done.labels)


def label_at(page: Image.Image, name: str, number: int) -> Image.Image:
    sheet = SHEETS[name]
    x, y = sheet.place(number)
    scale = DPI / 25.4
    return page.crop(
        (
            round(x * scale),
            round(y * scale),
            round((x + sheet.label[0]) * scale),
            round((y + sheet.label[1]) * scale),
        )
    )


@pytest.mark.parametrize("name", SHEETS)
def test_each_label_of_a_sheet_is_read_in_its_own_place(name: str, made: ChainAccess, tmp_path: Path) -> None:
    count = min(SHEETS[name].count + 1, 25)
    found = make(made, wanted(count), "pdf", tmp_path / "labels.pdf", sheet=name)
    pages = printed(tmp_path / "labels.pdf")
    assert len(pages) == -(-count // SHEETS[name].count)
    for number, one in enumerate(found):
        page, at = divmod(number, SHEETS[name].count)
        assert codes_in(label_at(pages[page], name, at)) == [f"{LOT}/{number}"] == [one.url]


def test_used_labels_of_a_sheet_stay_free(made: ChainAccess, tmp_path: Path) -> None:
    make(made, wanted(2), "pdf", tmp_path / "labels.pdf", skip=20)
    first, second = printed(tmp_path / "labels.pdf")
    assert codes_in(first) == codes_in(label_at(first, "avery-l7160", 20)) == [f"{LOT}/0"]
    assert codes_in(second) == [f"{LOT}/1"]


@pytest.mark.parametrize("size", ["40x40mm", "50x30", "60x100mm", "35.5x25mm"])
@pytest.mark.parametrize("form", ["pdf", "png", "zpl", "svg"])
def test_a_label_of_any_size_is_read(form: str, size: str, made: ChainAccess, tmp_path: Path) -> None:
    path = tmp_path / f"label.{form}"
    make(made, wanted(1), form, path, size=size)
    pixels = {"pdf": lambda: printed(path)[0], "png": lambda: Image.open(path)} | {
        "zpl": lambda: zpl_pixels(path.read_text()),
        "svg": lambda: svg_pixels(path.read_bytes()),
    }
    assert codes_in(pixels[form]()) == [f"{LOT}/0"]


def zpl_pixels(text: str) -> Image.Image:
    """What a printer makes of the graphic field: bytes of set bits are black (ZPL II, ^GF)."""
    found = re.fullmatch(r"\^XA\^PW(\d+)\^LL(\d+)\^FO0,0\^GFA,(\d+),(\d+),(\d+),([0-9A-F]+)\^FS\^XZ\n", text)
    assert found is not None
    row, data = int(found[5]), bytes.fromhex(found[6])
    assert len(data) == int(found[3]) == int(found[4]) == row * int(found[2])
    image = Image.frombytes("1", (row * 8, int(found[2])), bytes(255 - byte for byte in data))
    return image.crop((0, 0, int(found[1]), int(found[2])))


def svg_pixels(data: bytes) -> Image.Image:
    """The rectangles of the SVG's path; the browser tests are where text is drawn."""
    root = ET.fromstring(data)
    path = next(one for one in root if one.tag.endswith("path"))
    x, y, side = map(int, re.findall(r"\d+", path.attrib["transform"]))
    image = Image.new("L", tuple(map(int, root.attrib["viewBox"].split()[2:])), 255)
    for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path.attrib["d"]):
        left, top = x + int(column) * side, y + int(row) * side
        ImageDraw.Draw(image).rectangle((left, top, left + int(length) * side - 1, top + side - 1), fill=0)
    return image


@settings(max_examples=25, deadline=None)
@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-._~%:/", min_size=1, max_size=70),
    st.sampled_from([(40.0, 40.0), (63.5, 38.1), (99.1, 67.7), (50.0, 80.0)]),
)
def test_what_fits_is_read_and_keeps_its_quiet_zone(path: str, size: tuple[float, float]) -> None:
    url = f"https://coop.example/id/{path}"
    lines = [Line("Scan to see who made this"), Line("Café de altura", bold=True), Line("Lot: 7", cut=False)]
    try:
        drawing = lay_out(url, lines, size, FONT)
    except InvalidInput:
        return
    assert drawing.module >= 3
    side = (len(drawing.rows) + 2 * QUIET) * drawing.module
    x, y = drawing.corner
    assert 0 <= x <= x + side <= dots(size[0])
    assert 0 <= y <= y + side <= dots(size[1])
    for text in drawing.texts:
        assert text.x + text.width <= drawing.width
        assert 0 < text.y <= drawing.height
        assert text.x >= x + side or text.y - text.size >= y + side - text.size // 4
    from firsthand.service.label_drawing import draw_png

    assert codes_in(Image.open(io.BytesIO(draw_png(drawing, FONT)))) == [url]


def test_more_room_gives_more_error_correction() -> None:
    url, lines = "https://coop.example/id/lot/green:S25-A", [Line("Scan")]
    order = "lmqh"
    tiny, small, large = (
        lay_out(url, lines, size, FONT) for size in ((33.0, 25.0), (36.0, 27.0), (99.1, 67.7))
    )
    assert order.index(small.error) < order.index(large.error)
    assert (tiny.module, small.module, small.error, large.error) == (3, 4, "m", "h")
    with pytest.raises(InvalidInput, match="too small for a QR code of 240 characters"):
        lay_out("https://coop.example/id/" + "x" * 216, lines, (30.0, 30.0), FONT)


def test_a_label_says_what_the_record_says(made: ChainAccess, tmp_path: Path) -> None:
    (before,) = make(made, wanted(1), "pdf", tmp_path / "a.pdf", size="60x40mm")
    assert "Log:" not in text_of(tmp_path / "a.pdf")
    anchor(made)
    (after,) = make(made, wanted(1), "pdf", tmp_path / "b.pdf", size="60x40mm", language="es")
    assert before == after
    text = text_of(tmp_path / "b.pdf").replace("\r\n", " ").replace("\n", " ")
    from firsthand.proof.checkpoint import parse_note

    last = made.workspace.anchors.last()
    assert last is not None
    short = parse_note(last.checkpoint).checkpoint.short_name
    for part in (
        "Escanee para",
        "Registrado por Adela & Sons <Co>",
        "Lote: 0",
        after.code,
        f"Registro: {short}",
    ):
        assert part in text, (part, text)


def test_given_names_count_and_are_escaped(made: ChainAccess, tmp_path: Path) -> None:
    given_ = Wanted(f"{LOT}/3", 'Café "<script>" & ^XZ', "São Paulo", "A-9")
    make(made, [given_], "svg", tmp_path / "a.svg", size="60x40mm")
    text = " ".join(ET.fromstring((tmp_path / "a.svg").read_bytes()).itertext())
    assert 'Café "<script>" & ^XZ' in text
    assert "Origin: São Paulo" in text
    assert "Lot: A-9" in text
    make(made, [given_], "zpl", tmp_path / "a.zpl", size="60x40mm")
    assert (tmp_path / "a.zpl").read_text().count("^XZ") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("قهوة", "script"),
        ("कॉफ़ी", "script of .*stand by themselves"),
        ("ᠺᠣᠹᠢ", "script of"),
        ("\u110f", "script of"),
        ("ቡና", "no 'ቡ'.*--font"),
        ("กาแฟดี่", "script"),
        ("Кофе", "no 'К'"),
        ("a\nb", "no '\\\\n'"),
        ("咖啡", "no '咖'"),
    ],
)
def test_letters_that_cannot_be_set_are_refused(
    name: str, said: str, made: ChainAccess, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=said):
        make(made, [*wanted(1), Wanted(f"{LOT}/1", name)], "pdf", tmp_path / "a.pdf")
    assert list(tmp_path.glob("*a.pdf*")) == []


def test_a_uri_that_no_browser_opens_leads_to_its_short_code(made: ChainAccess, tmp_path: Path) -> None:
    (one,) = make(made, [Wanted(UUID)], "png", tmp_path / "a.png")
    assert codes_in(Image.open(tmp_path / "a.png")) == [f"https://coop.example/p/{one.code}"] == [one.url]
    assert item_of(made.workspace, one.code.lower().replace("-", " ")) == UUID


@pytest.mark.parametrize(
    ("item", "url"),
    [
        (URN, "https://coop.example/01/80614141123458/21/6789"),
        ("https://id.gs1.org/01/80614141123458/21/6789", "https://coop.example/01/80614141123458/21/6789"),
        ("http://id.gs1.org/01/10614141123459/10/A%2F7", "https://coop.example/01/10614141123459/10/A%2F7"),
        ("urn:epc:class:lgtin:0614141.112345.L1", "https://coop.example/01/10614141123459/10/L1"),
        ("https://maker.example/01/10614141123459/10/L1", "https://maker.example/01/10614141123459/10/L1"),
    ],
)
def test_a_gs1_key_leads_to_this_workspaces_resolver(
    item: str, url: str, access: ChainAccess, tmp_path: Path
) -> None:
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(access, maker, event(1, epcList=[item]))
    (one,) = make(access, [Wanted(item)], "png", tmp_path / "a.png")
    assert codes_in(Image.open(tmp_path / "a.png")) == [one.url] == [url]
    assert item_of(access.workspace, one.code) == item


def test_a_gs1_key_that_no_resolver_takes_leads_to_its_short_code(
    access: ChainAccess, tmp_path: Path
) -> None:
    wrong = "https://id.gs1.org/01/10614141123450/10/L1"
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(access, maker, event(1, epcList=[wrong]))
    (one,) = make(access, [Wanted(wrong)], "png", tmp_path / "a.png")
    assert one.url == f"https://coop.example/p/{one.code}"


def test_a_label_too_small_for_the_uri_has_the_short_link(access: ChainAccess, tmp_path: Path) -> None:
    item = f"{LOT}/{'very-long-name-of-a-lot-' * 8}"
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(access, maker, event(1, epcList=[item]))
    (large,) = make(access, [Wanted(item)], "png", tmp_path / "a.png", size="80x80mm")
    (small,) = make(access, [Wanted(item, lot="7")], "png", tmp_path / "b.png", size="40x25mm")
    assert codes_in(Image.open(tmp_path / "a.png")) == [large.url] == [item]
    assert codes_in(Image.open(tmp_path / "b.png")) == [small.url] == [f"https://coop.example/p/{small.code}"]


def test_accents_are_set_however_they_were_typed(made: ChainAccess, tmp_path: Path) -> None:
    make(made, [Wanted(f"{LOT}/1", "Cafe\u0301")], "svg", tmp_path / "a.svg")
    assert "Caf\u00e9" in (tmp_path / "a.svg").read_text()


def test_several_svgs_have_numbers(made: ChainAccess, tmp_path: Path) -> None:
    make(made, wanted(3), "svg", tmp_path / "bag.svg")
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == [f"bag-000{n}.svg" for n in (1, 2, 3)]


def test_unknown_items_and_wrong_options_are_refused(made: ChainAccess, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no recorded event speaks of .*lot/none"):
        make(made, [*wanted(1), Wanted("https://coop.example/id/lot/none")], "pdf", tmp_path / "a.pdf")
    for options, said in (
        (("x", None, "pdf"), "no sheet"),
        ((None, "4x4mm", "pdf"), "15 to 300"),
        ((None, "forty", "pdf"), "40x40mm"),
        (("avery-l7160", "40x40", "pdf"), "not both"),
        (("avery-l7160", None, "svg"), "only PDF"),
        ((None, None, "gif"), "not 'gif'"),
        ((None, None, "pdf", 21), "0 to 20"),
    ):
        with pytest.raises(InvalidInput, match=said):
            sheet_of(*options)
    with pytest.raises(InvalidInput, match="en, es, fr"):
        make(made, wanted(1), "pdf", tmp_path / "a.pdf", language="ar")
    (tmp_path / "no.ttf").write_bytes(b"no font")
    with pytest.raises(UnreadableInput, match=r"no\.ttf"):
        make(made, wanted(1), "pdf", tmp_path / "a.pdf", font=tmp_path / "no.ttf")
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nx\n", "column item"),
        ("item,colour\na,b\n", "colour"),
        ('item\n""\n', "line 2"),
        ("item\na,b\n", "line 2"),
    ],
)
def test_a_wrong_list_names_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(FirsthandError, match=said):
        read_wanted(tmp_path / "list.csv")


def test_a_list_has_names_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("\ufeffitem,name,lot\nurn:a,Huipil,\nurn:b,,7\n")
    assert read_wanted(tmp_path / "list.csv", "Cloth", "Oaxaca") == [
        Wanted("urn:a", "Huipil", "Oaxaca", ""),
        Wanted("urn:b", "Cloth", "Oaxaca", "7"),
    ]


def test_scratch_labels_carry_the_bearer_code_and_no_qr(made: ChainAccess, tmp_path: Path) -> None:
    code = encode_code(bytes(range(16)))
    document = {
        "new": 1,
        "tokens": [{"piece": f"{LOT}/1", "code": code}, {"piece": f"{LOT}/2", "code": None}],
    }
    (tmp_path / "codes.json").write_text(json.dumps(document))
    found = read_bearer_codes(tmp_path / "codes.json")
    assert found == [(f"{LOT}/1", code)]
    done = print_labels(
        bearer_labels(made.workspace, found), sheet_of(None, None, "pdf"), "pdf", tmp_path / "s.pdf"
    )
    # Pdfium reads a hyphen at a line's end as U+FFFE.
    text = "".join(text_of(tmp_path / "s.pdf").split()).replace("\ufffe", "-")
    assert code in text
    assert done.labels[0].code in text
    assert codes_in(printed(tmp_path / "s.pdf")[0]) == []
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    (tmp_path / "codes.json").write_text(json.dumps({"piece": f"{LOT}/1", "code": wrong}))
    with pytest.raises(InvalidInput, match=f"{LOT}/1"):
        read_bearer_codes(tmp_path / "codes.json")


def test_codes_that_collide_are_told_apart(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_access(tmp_path / "workspace", database).workspace
    derived = short_codes_module._derived

    def poor(uri: str, item: str, attempt: int) -> str:
        return derived(uri, "the same" if attempt < 3 else item, attempt)

    monkeypatch.setattr(short_codes_module, "_derived", poor)
    items = [f"urn:x:{number}" for number in range(20)]
    first = short_codes(workspace, items[:10])
    both = short_codes(workspace, items)
    assert len(set(both.values())) == 20
    assert first.items() <= both.items()
    assert [item_of(workspace, both[item]) for item in items] == items
    with pytest.raises(InvalidInput, match="9 letters"):
        item_of(workspace, "K7Q2")
