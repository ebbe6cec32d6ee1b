"""The environment variables of a lane's commands: made from nothing, by allow-list. No key can slip in (I7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.ports import Profile

SCRATCH = "ORCHESTRATE_SCRATCH"
KEPT = ("TZ",)
"""Of the user's own variables, in every profile."""
INSTALLERS = re.compile(
    r"(PIP|UV|POETRY|NPM_CONFIG|npm_config|YARN|PNPM|COREPACK)_\w+"
    r"|(HTTPS?|NO|ALL|FTP)_PROXY|(https?|no|all|ftp)_proxy"
    r"|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO"
)
"""Of the user's own variables, in setup only: where packages come from."""
SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASS(WORD|WD|PHRASE)?(_|$)|CREDENTIAL|AUTH|SESSION|COOKIE|(^|_)SOCK|USERNAME|PRIVATE|CLIENT_CERT",
    re.IGNORECASE,
)
SECRET_VALUE = re.compile(r"://[^/\s@]*@")
"""A user, or a user and a password, inside an address."""
PLAIN: Mapping[str, str] = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "CI": "true",  # never wait for an answer, never watch, never write new snapshots
    "USER": "lane",
    "LOGNAME": "lane",
    "SHELL": "/bin/sh",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    # The project's own byte code is compiled anew each time; a cache would let one command's code reach the next one's.
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
}
OFFLINE: Mapping[str, str] = {
    "NPM_CONFIG_OFFLINE": "true",
    "UV_OFFLINE": "1",
    "UV_NO_SYNC": "1",  # the environment is read-only in gates
    "PIP_NO_INDEX": "1",
    "COREPACK_ENABLE_NETWORK": "0",
}
INSTALLING: Mapping[str, str] = {
    "PIP_NO_INPUT": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    # Its browser would go to a home folder that is gone with the command; and where it cannot be had, nothing installs.
    "PUPPETEER_SKIP_DOWNLOAD": "true",
    "POETRY_VIRTUALENVS_CREATE": "false",
    "POETRY_NO_INTERACTION": "1",
}


def variables(
    *,
    profile: Profile,
    path: str,
    home: Path,
    temporary: Path,
    cache: Path,
    users: Mapping[str, str],
    offline: bool = False,
) -> dict[str, str]:
    """All variables of a command but its own.

    ``users``: the user's, of which few are kept; ``offline``: there is no network, and tools need not try for minutes.
    """
    made = {**PLAIN, **{name: users[name] for name in KEPT if name in users}}
    made |= {"PATH": path, "HOME": str(home), "TMPDIR": str(temporary)}
    made |= _tool_caches(cache)
    if profile is Profile.SETUP:
        made |= {**installer_variables(users), **INSTALLING, **_installer_caches(cache)}
        del made["PYTHONDONTWRITEBYTECODE"]  # installed packages are compiled once, here
    elif offline:
        made |= OFFLINE
    return made


def installer_variables(users: Mapping[str, str]) -> dict[str, str]:
    """Where packages come from, as the user set it; what holds or may hold a secret is left out."""
    return {name: value for name, value in users.items() if INSTALLERS.fullmatch(name) and not is_secret(name, value)}


def is_secret(name: str, value: str) -> bool:
    """Whether the variable may hold a secret: by its name, or by a user inside an address."""
    return bool(SECRET_NAME.search(name) or SECRET_VALUE.search(value))


def own(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The command's own variables, ``$ORCHESTRATE_SCRATCH`` in their values replaced: most tools do not expand it."""
    return {
        **{
            name: value.replace(f"${{{SCRATCH}}}", str(scratch)).replace(f"${SCRATCH}", str(scratch))
            for name, value in environment.items()
        },
        SCRATCH: str(scratch),
    }


def source_roots(tree: Path, folder: Path) -> tuple[Path, ...]:
    """What stands first on Python's path: the clone's own sources, so that no package installed elsewhere wins."""
    found: dict[Path, None] = {}
    for each in (folder, tree):
        source = each / "src"
        found.setdefault(source if _holds_python(source) else each)
    return tuple(found)


def _holds_python(folder: Path) -> bool:
    """Packages or modules right below, or packages without ``__init__.py`` one level down."""
    if not folder.is_dir():
        return False
    entries: Iterable[Path] = list(folder.iterdir())
    return any(entry.suffix == ".py" or (entry.is_dir() and any(entry.glob("*.py"))) for entry in entries)


def _tool_caches(cache: Path) -> dict[str, str]:
    return {
        "XDG_CACHE_HOME": str(cache / "xdg"),
        "MYPY_CACHE_DIR": str(cache / "mypy"),
        "RUFF_CACHE_DIR": str(cache / "ruff"),
        "NPM_CONFIG_CACHE": str(cache / "npm"),
    }


def _installer_caches(cache: Path) -> dict[str, str]:
    return {
        "PIP_CACHE_DIR": str(cache / "pip"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "POETRY_CACHE_DIR": str(cache / "poetry"),
        "YARN_CACHE_FOLDER": str(cache / "yarn"),
        "COREPACK_HOME": str(cache / "corepack"),
        "XDG_DATA_HOME": str(cache / "share"),  # pnpm keeps its store there
    }
