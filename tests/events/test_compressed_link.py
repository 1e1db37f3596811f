"""Compressed Digital Links expand to what they were made from, and nothing else expands at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.compressed_link import decompress, expanded_path

# Solidsoft-Reply/Gs1DigitalLinkLib, Tests/Features/CompressGs1DigitalLink.feature, made with GS1's toolkit.
VECTORS = """
/00/998440410914660971 AN2yxDhfaiaw
/01/05412345000013 AQnYUc1gmg
/01/05412345000013/10/ABC123 AQnYUc1gmiCNV4JG
/01/05412345000013/10/ABC123/21/72292641703 AQnYUc1gmiCNV4JGQhcNT6K6c
/01/05412345000013/22/AJY3095721P49/10/ABC123/21/72292641703 AQnYUc1gmiCNV4JGQhcNT6K6cibQCWN9Pee9tT-PQ
/01/05412345000013/235/8TFV883a904GH%263 AQnYUc1gmkax7ipGrOHDPC5YNI8hMz
/01/05412345000013/22/AJY3095721P49 AQnYUc1gmkTaASxvp7z3tqfx6
/253/3060077601309 JTLIetaiHYA
/255/5678409730535 JVUqG5hJ5wA
/401/0541234537290A41%26GHpp33 QBl2DVoxZM2jVm3ZOWEFoxTR5HDgzZg
/402/21173492661712079 QCJZyW9mC6Z4
/414/5060917510004/254/RP56J920471 JUa0T-eifdtOO9UFEmlYwv3Q
/417/5060917510004/7040/5KFX QXSaVjC_dHBAVlCrg
/8003/04965031954585 gAMJCAXukTMA
/8006/054123450000130201/10/ABC123/21/72292641703 EEarwSMhC4an0V08ADBgJH7Zo2BMg
/8010/0541234537290A41%23GH33/8011/6639047221 gBCVYNWjFkzaNWbdk5YQWjFHHkM2cAI0xdvpGo
/8017/817019610850151481/8019/4003812 gBe1ajAd9ATDmAGXPRfk
/01/05412345000013/10/ABC123 01/05412345000013/EEarwSM
/01/05412345000013/22/AJY3095721P49 01/05412345000013/Im0AljfT3nvbU_j0
/8018/411369833821910265/8019/4003812 8018/411369833821910265/gBlz0X5A
"""


@pytest.mark.parametrize("vector", VECTORS.strip().splitlines())
def test_the_vectors_of_gs1s_toolkit(vector: str) -> None:
    plain, compressed = vector.split()
    assert expanded_path(f"/{compressed}") == plain


def test_attributes_go_into_the_query() -> None:
    # The same toolkit's README: an expiry date and a pair of no application identifier.
    assert dict(decompress("AQnYUc1gmiERBhQ0ytiyZuAGOLc1TQ"))["01"] == "05412345000013"
    found = expanded_path("/AQnYUc1gmiERBhQ0ytiyZuAGOLc1TQ")
    assert found is not None
    assert "?" in found


@pytest.mark.parametrize(
    "path", ["/A", "/AQ", "/AQnYUc1g", "/____", "/" + "A" * 1001, "/AQnYUc1gmé", "/DAAAAAAAAA", "/BAAAAAAA"]
)
def test_what_is_none(path: str) -> None:
    with pytest.raises(InvalidInput):
        expanded_path(path)


def test_other_paths_are_not_compressed() -> None:
    for path in ("/01/05412345000013", "/01/05412345000013/10/ABC", "/a/b/c/d", "/01"):
        assert expanded_path(path) is None


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=60))
def test_any_text_expands_or_is_refused(text: str) -> None:
    try:
        for _, value in decompress(text):
            assert len(value) <= 127
    except InvalidInput:
        pass
