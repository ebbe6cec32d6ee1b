"""What of the operating system is shown inside the sandbox: programs, libraries, and harmless parts of /etc."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.sandbox import Access, Mount

SYSTEM_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store")
ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "host.conf",
    "java",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki",
    "protocols",
    "python3",
    "services",
    "ssl",
    "timezone",
)
"""Of /etc, and no more: no shadow, no ssh, no configuration that may hold tokens (npmrc, gitconfig, pip.conf)."""
IDENTITY = ("passwd", "group", "hosts")
SSL_PRIVATE = Path("/etc/ssl/private")
HOSTS = "127.0.0.1 localhost lane\n::1 localhost ip6-localhost lane\n"
"""The sandbox's own name leads to itself: tests look it up, and without network nobody else could answer."""
USERS = "root:x:0:0:root:/root:/usr/sbin/nologin\nlane:x:{uid}:{uid}:lane:{home}:/bin/sh\n"
GROUPS = "root:x:0:\nlane:x:{uid}:\n"


@dataclass(frozen=True, slots=True)
class System:
    """The operating system's part of a sandbox."""

    mounts: tuple[Mount, ...]
    symlinks: tuple[tuple[str, Path], ...]


def system(identity: Path, *, network: bool, root: Path = Path("/")) -> System:
    """Read what this machine has. ``identity`` holds the files written by :func:`write_identity`."""
    mounts: list[Mount] = []
    symlinks: list[tuple[str, Path]] = []
    for name in SYSTEM_FOLDERS:
        folder = root / name
        if folder.is_symlink():
            symlinks.append((str(folder.readlink()), folder))
        elif folder.is_dir():
            mounts.append(Mount(target=folder, access=Access.READ))
    for name in ETC:
        entry = root / "etc" / name
        if entry.exists():
            mounts.append(Mount(target=entry, source=entry.resolve(), access=Access.READ))
    if SSL_PRIVATE.is_dir():
        mounts.append(Mount(target=SSL_PRIVATE, access=Access.EMPTY))
    users = (Mount(target=root / "etc" / name, source=identity / name, access=Access.READ) for name in IDENTITY)
    mounts.extend(users)
    resolver = root / "etc/resolv.conf"
    if network and resolver.exists():
        mounts.append(Mount(target=resolver, source=resolver.resolve(), access=Access.READ))
    return System(mounts=tuple(mounts), symlinks=tuple(symlinks))


def write_identity(folder: Path, *, uid: int, home: Path, network: bool = False) -> Path:
    """The users and hosts the sandbox knows: its own; the machine's hosts where it has network. Returns ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "passwd").write_text(USERS.format(uid=uid, home=home))
    (folder / "group").write_text(GROUPS.format(uid=uid))
    machine = Path("/etc/hosts")
    known = machine.read_text(errors="replace") if network and machine.is_file() else ""
    (folder / "hosts").write_text(HOSTS + known)
    return folder
