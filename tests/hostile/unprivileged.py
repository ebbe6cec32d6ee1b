"""``scripts/hostile-unprivileged``: hostile tests with an ordinary user's powers, where they are started as root.

Limits and the dumpable flag do nothing for root, and modes of files stop nobody who is root: what holds must hold for
both. The user is nobody, in a folder and an environment of its own, with this environment's packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
DROP = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all")
REPOSITORY = Path(__file__).parents[2]


class NoInterpreterError(Exception):
    """There is no Python of this version that an ordinary user may start."""


def _startable() -> str:
    """A Python of this version for an ordinary user."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin:/bin")):
        # By a shell, since setpriv itself still has root's powers when it starts the next program.
        asked = [*DROP, "sh", "-c", f"exec {candidate} -c ''"]
        if candidate and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return candidate
    raise NoInterpreterError(f"no {name} can be started by an ordinary user")


@contextmanager
def place() -> Iterator[tuple[Path, str]]:
    """A folder of nobody's own, and the Python in it that has this environment's packages."""
    base = Path(tempfile.mkdtemp(prefix="nobody-", dir="/tmp"))
    try:
        os.chown(base, NOBODY, NOBODY)
        made = base / "venv"
        plain = [*DROP, _startable(), "-m", "venv", "--without-pip", str(made)]
        subprocess.run(plain, check=True, cwd=base, env={"PATH": "/usr/bin:/bin", "HOME": str(base)})
        site = next(made.glob("lib/python*/site-packages"))
        packages = [path for path in sys.path if path.endswith("site-packages")]
        (site / "theirs.pth").write_text("".join(f"{path}\n" for path in packages))
        for tool in ("ruff",):
            if found := shutil.which(tool, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"):
                (made / "bin" / tool).symlink_to(found)
        yield base, str(made / "bin" / "python")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def run(arguments: Sequence[str], *, timeout_s: float | None = None) -> subprocess.CompletedProcess[str]:
    """pytest with those arguments, as nobody; what it said is in ``stdout``."""
    with place() as (base, python):
        argv = [*DROP, python, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={base}/t"]
        path = f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin"
        env = {
            "PATH": path,
            "HOME": str(base),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(base),
        }
        return subprocess.run(
            [*argv, *arguments], cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=timeout_s, check=False
        )


def main() -> int:
    """Every hostile test, or those named; pytest's own exit code."""
    if os.geteuid() != 0:
        print("this user is unprivileged already: pytest tests/hostile is the test", file=sys.stderr)
        return 2
    done = run(["-q", *(sys.argv[1:] or ["tests/hostile"])])
    print(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
