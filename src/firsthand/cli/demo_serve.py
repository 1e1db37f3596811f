"""Serving the demo's seasons: each with its sandbox chain, and the links to passports of what was sold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from firsthand.cli.output import note
from firsthand.errors import WorkspaceError

if TYPE_CHECKING:
    from firsthand.service.demo import Played

__all__ = ["serve_seasons"]

_LINKS: Final = 3


def serve_seasons(seasons: Sequence[tuple[str, Path, Played]], port: int, chain_port: int) -> None:
    """Serve each season at its own port from `port` on, and its chain from `chain_port` on, until Ctrl-C."""
    from firsthand.service.demo import BUNDLES

    commands: list[tuple[list[str], dict[str, str]]] = []
    for at, (craft, folder, played) in enumerate(seasons):
        chain = f"http://127.0.0.1:{chain_port + at}"
        note(f"\n{craft}: the passports of what was sold")
        for link in _links(played, f"http://127.0.0.1:{port + at}"):
            note(f"  {link}")
        note(f"  in another terminal:  firsthand verify {folder / BUNDLES} --headers {chain}")
        environ = {"FIRSTHAND_SANDBOX_HEADERS": chain}
        commands.append((["-C", str(folder), "sandbox", "serve", "--port", str(chain_port + at)], {}))
        commands.append((["-C", str(folder), "serve", "--port", str(port + at)], environ))
    note("\nServing until you press Ctrl-C.")
    with _running(commands) as processes, suppress(KeyboardInterrupt):
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        gone = next(
            command for (command, _), one in zip(commands, processes, strict=True) if one.poll() is not None
        )
        raise WorkspaceError(
            f"`firsthand {' '.join(gone)}` ended; is its port in use? Run it by itself to see what it says"
        )


def _links(played: Played, base: str) -> Iterator[str]:
    from firsthand.service.site import sold_items

    own = played.access.workspace.settings.uri.rstrip("/")
    for uri in sold_items(played.access, _LINKS):
        plain = uri.startswith(f"{own}/id/")
        yield base + (urlsplit(uri).path if plain else f"/passport?uri={quote(uri, safe='')}")


@contextmanager
def _running(commands: Sequence[tuple[list[str], dict[str, str]]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The commands as processes, whose log lines nobody reads here; ended in the end."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for arguments, environ in commands:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "firsthand", *arguments],
                    env={**os.environ, "FIRSTHAND_PASSPHRASE": "", **environ},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        # Whoever ends the demo by SIGTERM ends its servers, too.
        signal.signal(signal.SIGTERM, _interrupted)
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(40)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
