"""The catalogues are whole, and numbers, dates and units are the reader's."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from babel import Locale

from firsthand.trace.findings import KINDS
from firsthand.web import words
from firsthand.web.words import LOCALES, preferred, words_of

FOLDER = Path(words.__file__).parent
LANGUAGES = sorted({tag.partition("-")[0] for tag in LOCALES})
CATALOGUES = {one: json.loads((FOLDER / f"{one}.json").read_text()) for one in LANGUAGES}
TEMPLATES = FOLDER.parent / "templates"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_and_its_values(language: str) -> None:
    english, other = CATALOGUES["en"], CATALOGUES[language]
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert type(other[key]) is type(text), key
        if isinstance(text, dict):
            assert set(other[key]) == set(Locale.parse(language).plural_form.rules) | {"other"}, key
        else:
            assert set(re.findall(r"\{\w+\}", other[key])) == set(re.findall(r"\{\w+\}", text)), key
            assert other[key].strip(), key


def test_every_finding_has_its_words() -> None:
    assert {f"finding.{kind}" for kind in KINDS} <= CATALOGUES["en"].keys()


def test_templates_hold_no_words_of_their_own() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>", "", path.read_text(), flags=re.S)
        found = set(re.findall(r"[^\W\d_]{2,}", text)) - {"Firsthand", "firsthand", "token", "claim"}
        assert not found, (path.name, found)


def test_templates_ask_for_texts_that_there_are() -> None:
    asked = set()
    for path in TEMPLATES.glob("*.html"):
        asked |= set(re.findall(r"words\.(?:text|counted)\('([^'~]+)'[,)]", path.read_text()))
    assert asked <= CATALOGUES["en"].keys()
    assert len(asked) > 30


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("de,es;q=0.5", "es"),
        ("en-US,en;q=0.9", "en-US"),
        ("ar-EG", "ar"),
        ("fr;q=0,en;q=0.1", "en"),
        ("fr;q=x;;;,,,", "en"),
        ("fr;q=9", "en"),
        ("*", "en"),
        ("es" + "," * 10_000, "es"),
        ("de, ar;q=0.8, fr;q=0.5", "ar"),
        ("es-GT", "es"),
        ("fr;q=0, es;q=x", "en"),
        ("fr;q=0.3,es;q=0.7", "es"),
    ],
)
def test_the_language_that_is_wanted_most(header: str, tag: str) -> None:
    assert preferred(header) == tag


def test_quantities_in_the_readers_habit() -> None:
    assert words_of("en").amount(Fraction(1500), "MTR") == "1,500 m"
    assert words_of("en-US").amount(Fraction("0.3048"), "MTR") == "1 ft"
    assert words_of("en-US").amount(Fraction(100), "CEL") == "212°F"
    assert words_of("fr").amount(Fraction("1234.5"), "KGM") == "1\u202f234,5\u202fkg"
    assert words_of("es").amount(Fraction(88), "P1") == "88\xa0%"
    assert words_of("en").amount(Fraction(7), "ZZ") == "7 ZZ"


def test_a_part_is_never_rounded_to_all_or_nothing() -> None:
    assert words_of("en").percent(Fraction(1)) == "100%"
    assert words_of("en").percent(Fraction(999_999, 1_000_000)) == "99.9%"
    assert words_of("en").percent(Fraction(1, 1_000_000)) == "0.1%"


def test_money_and_what_is_no_currency() -> None:
    assert words_of("en").money(Fraction("1.5"), "USD") == "US$1.50"
    assert words_of("en").money(Fraction(1), "<b>") == "1 <b>"


def test_a_name_with_braces_stays_a_name() -> None:
    assert "{count}" in words_of("en").text("title", name="{count}")
