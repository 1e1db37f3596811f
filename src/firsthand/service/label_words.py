"""What labels and the page `/find` say, in the languages that we have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from firsthand.errors import InvalidInput

__all__ = ["LABEL_LANGUAGES", "PAGE_LANGUAGES", "label_words", "page_words"]

LABEL_LANGUAGES: Final = ("en", "es", "fr")
PAGE_LANGUAGES: Final = ("en", "es", "fr", "ar")

_LABEL: Final[dict[str, tuple[str, str, str]]] = {
    "scan": (
        "Scan to see who made this",
        "Escanee para ver quién lo hizo",
        "Scannez pour voir qui l’a fait",
    ),
    "origin": ("Origin: {}", "Origen: {}", "Origine : {}"),
    "recorded": ("Recorded by {}", "Registrado por {}", "Enregistré par {}"),
    "lot": ("Lot: {}", "Lote: {}", "Lot : {}"),
    "serial": ("No.: {}", "N.º: {}", "Nº : {}"),
    "code": ("Code: {}", "Código: {}", "Code : {}"),
    "log": ("Log: {}", "Registro: {}", "Registre : {}"),
    "scratch": (
        "Scratch to claim this piece. Works once.",
        "Raspe para reclamar esta pieza. Sirve una vez.",
        "Grattez pour réclamer cette pièce. Sert une fois.",
    ),
}

_PAGE: Final[dict[str, tuple[str, str, str, str]]] = {
    "title": ("Find an item", "Buscar un artículo", "Trouver un article", "البحث عن منتج"),
    "ask": (
        "Type the code that stands on the label.",
        "Escriba el código que está en la etiqueta.",
        "Tapez le code qui figure sur l’étiquette.",
        "اكتب الرمز الموجود على الملصق.",
    ),
    "code": ("Code", "Código", "Code", "الرمز"),
    "find": ("Find", "Buscar", "Trouver", "بحث"),
    "wrong": (
        "This is no code of a label. Was a letter or digit read wrong?",
        "Este no es un código de etiqueta. ¿Se leyó mal una letra o cifra?",
        "Ce n’est pas un code d’étiquette. Une lettre ou un chiffre a-t-il été mal lu ?",
        "هذا ليس رمز ملصق. هل قُرئ حرف أو رقم خطأً؟",
    ),
    "nobody": (
        "No label made here has this code.",
        "Ninguna etiqueta hecha aquí tiene este código.",
        "Aucune étiquette faite ici ne porte ce code.",
        "لا يوجد ملصق صادر من هنا بهذا الرمز.",
    ),
    "item": (
        "The code stands for this item:",
        "El código corresponde a este artículo:",
        "Le code désigne cet article :",
        "هذا الرمز يدل على هذا المنتج:",
    ),
}


def label_words(language: str) -> Mapping[str, str]:
    """The words of labels in a language (BCP 47). Raises InvalidInput for one that we have not."""
    tag = language.partition("-")[0].lower()
    if tag not in LABEL_LANGUAGES:
        raise InvalidInput(
            f"labels speak {', '.join(LABEL_LANGUAGES)}, not {language[:20]!r}: other scripts need shaping"
        )
    at = LABEL_LANGUAGES.index(tag)
    return {name: words[at] for name, words in _LABEL.items()}


def page_words(accept_language: str) -> tuple[str, Mapping[str, str]]:
    """The page's language and words by Accept-Language (RFC 9110 §12.5.4); English where nothing fits."""
    wanted = []
    for at, part in enumerate(accept_language[:1000].split(",")):
        tag, _, weight = part.strip().partition(";")
        number = weight.strip().removeprefix("q=")
        try:
            quality = float(number) if number else 1.0
        except ValueError:
            quality = 0.0
        wanted.append((-quality, at, tag.partition("-")[0].lower()))
    chosen = next((tag for quality, _, tag in sorted(wanted) if quality < 0 and tag in PAGE_LANGUAGES), "en")
    at = PAGE_LANGUAGES.index(chosen)
    return chosen, {name: words[at] for name, words in _PAGE.items()}
