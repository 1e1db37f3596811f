"""The verifier built with other header services, and with the sandbox held to mainnet's rule of two."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.webui.conftest import PROJECT, node


def rebuilt_verifier(folder: Path, services: list[dict[str, str]]) -> Path:
    """The page, from the very sources but for the data in headers/networks.json."""
    source = PROJECT / "web-ui"
    copied = folder / "web-ui"
    shutil.copytree(source, copied, ignore=shutil.ignore_patterns("node_modules"))
    (copied / "node_modules").symlink_to(source / "node_modules")
    path = copied / "src" / "headers" / "networks.json"
    networks = json.loads(path.read_text())
    networks["sandbox"] |= {"services": services, "quorum": networks["mainnet"]["quorum"]}
    path.write_text(json.dumps(networks))
    subprocess.run(
        [node(), "build.mjs", str(folder / "static"), str(folder / "tools")], cwd=copied, check=True
    )
    return folder / "static" / "verify.html"
