"""Which paths a model may name at all. Pure: what is a link, or protected, is asked elsewhere.

A path is refused here wherever any of the systems a clone may be checked out on could read it as something else:
HFS+ ignores format characters and case, NTFS ignores trailing dots and spaces, knows ``git~1`` and streams (I2).
"""

from __future__ import annotations

import re
import unicodedata

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}) | {
    f"{kind}{digit}" for kind in ("com", "lpt") for digit in "0123456789¹²³"
}
"""Names Windows keeps for devices, with any extension."""

_SECRETS = re.compile(
    r"\.env(\.(?!example$|sample$|template$|dist$)[^/]*)?|\.netrc|\.pypirc|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)"
    r"|.*\.(pem|key|p12|pfx|jks|keystore|kdbx)|credentials(\.json|\.ya?ml)?|service[-_]account.*\.json",
    re.IGNORECASE,
)
_SHORT_GIT = re.compile(r"git~\d+")


def normalise(path: str) -> str:
    """The path as models like to write it, as git writes it: no ``./`` in front, no surrounding white space."""
    path = path.strip()
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path


def path_fault(path: str) -> str | None:
    """Why a repository-relative path is refused, in words that can be told to the model; ``None``: it is safe."""
    if not path:
        return "it is empty"
    if "\\" in path:
        return "it holds a backslash; separate folders with /"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "it is absolute; paths are relative to the repository's root"
    if path.startswith("~"):
        return "it starts with ~; paths are relative to the repository's root"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in path):
        return "it holds control or invisible characters"
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"it is longer than {MAX_PATH_BYTES} bytes"
    for name in path.split("/"):
        if fault := _name_fault(name):
            return fault
    return None


def _name_fault(name: str) -> str | None:
    """Why one component is refused."""
    if name in {"", "."}:
        return "it holds an empty or . component"
    if name == "..":
        return "it leaves the repository (..)"
    if folds_to_git(name):
        return "it reaches into .git"
    if name.endswith((".", " ")):
        return f"{name!r} ends with a dot or a space"
    if name.startswith("-"):
        return f"{name!r} starts with a dash and would be read as an option"
    if ":" in name:
        return f"{name!r} holds a colon"
    if name.split(".", maxsplit=1)[0].rstrip(" ").casefold() in DEVICES:
        return f"{name!r} is a reserved device name"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"a component is longer than {MAX_NAME_BYTES} bytes"
    return None


def folds_to_git(name: str) -> bool:
    """Whether some file system takes the component for ``.git``."""
    folded = unicodedata.normalize("NFKD", name).replace("\N{LATIN SMALL LETTER DOTLESS I}", "i")
    folded = "".join(char for char in folded if unicodedata.category(char) not in {"Cf", "Mn", "Cc"})
    folded = folded.casefold().split(":", maxsplit=1)[0].rstrip(" .")
    return folded == ".git" or _SHORT_GIT.fullmatch(folded) is not None


def may_hold_secrets(path: str) -> bool:
    """Whether a file's name says that it holds keys: such a file is never shown to a model, tracked or not (I7)."""
    return _SECRETS.fullmatch(path.rsplit("/", 1)[-1]) is not None
