"""What labels say, in the languages that we can print: a catalogue by language, `label_words.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

from firsthand.errors import InvalidInput

__all__ = ["label_languages", "label_words"]


def label_languages() -> tuple[str, ...]:
    """The languages (ISO 639-1) that labels speak."""
    return tuple(_catalogues())


def label_words(language: str) -> Mapping[str, str]:
    """The words of labels in a language (BCP 47). Raises InvalidInput for one that we have not."""
    tag = language.partition("-")[0].lower()
    if tag not in _catalogues():
        raise InvalidInput(
            f"labels speak {', '.join(label_languages())}, not {language[:20]!r}: other scripts need shaping"
        )
    return _catalogues()[tag]


@cache
def _catalogues() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        (resources.files(__package__) / "label_words.json").read_text("utf-8")
    )
    return found
