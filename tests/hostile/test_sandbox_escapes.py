"""Gate code that reaches for keys, the network, the disk, other processes (I7, I8). Each attack runs twice: inside the
sandbox, and as its positive control without one (or with the hole opened)."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.attack import alive, drive, end, soon
from tests.system import needs

KEY = f"planted-{uuid.uuid4().hex}"
KEYS = {
    "ANTHROPIC_API_KEY": KEY,
    "GEMINI_API_KEY": KEY,
    "GOOGLE_API_KEY": KEY,
    "OPENAI_API_KEY": KEY,
    "GITHUB_TOKEN": KEY,
    "AWS_SECRET_ACCESS_KEY": KEY,
    "SSH_AUTH_SOCK": f"/tmp/{KEY}",
    "NPM_CONFIG_TOKEN": KEY,
    "PIP_INDEX_URL": f"https://user:{KEY}@packages.invalid/simple",
    "HTTPS_PROXY": f"http://user:{KEY}@proxy.invalid",
    "DATABASE_URL": f"postgres://user:{KEY}@db.invalid/x",
}
BOTH = ["sandboxed", "none"]


def python(program: str) -> str:
    """A shell line that runs the program."""
    return f"python3 -I -c {shlex.quote(program)}"


@pytest.fixture
def lane(tmp_path: Path) -> Path:
    """A lane with an empty tree beside things that are none of its business."""
    home = tmp_path / "cache" / "lane-1"
    (home / "tree" / "node_modules" / "left-pad").mkdir(parents=True)
    (home / "tree" / "src").mkdir()
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "key").write_text(KEY)
    return home


HUNT = r"""
import glob, os, sys
needle = b"plan" + b"ted-"
found = []
for path in ["/proc/self/environ", *glob.glob("/proc/[0-9]*/environ"), *glob.glob("/proc/[0-9]*/cmdline")]:
    try:
        text = open(path, "rb").read()
    except OSError:
        continue
    if needle in text:
        found.append(path)
for number in range(3, 200):
    try:
        text = os.pread(number, 1 << 16, 0)
    except OSError:
        continue
    if needle in text:
        found.append("descriptor %d" % number)
for path in sys.argv[1:]:
    try:
        text = open(path, "rb").read()
    except OSError:
        continue
    if needle in text:
        found.append(path)
print(len(found), found)
"""


@needs("bwrap")
def test_keys_are_nowhere_to_be_found(lane: Path) -> None:
    kept = lane.parents[1] / "checkout" / "key"
    line = f"{python(HUNT)} {kept}; env | rev; rev {kept}"  # backwards, since a key as it is would be hidden anyway
    control = drive(lane, "none", line, env=KEYS)
    assert KEY[::-1] in control["stdout"], "the file is readable where nothing stands against it"
    inside = drive(lane, "bwrap", line, env=KEYS)
    assert inside["stdout"].startswith("0 []\n")
    for key in (KEY, KEY[::-1]):
        assert key not in inside["stdout"] + inside["stderr"]
    for name in KEYS:
        assert f"={name[::-1]}" not in inside["stdout"]


@needs("bwrap")
def test_setup_gets_no_keys_either(lane: Path) -> None:
    inside = drive(lane, "bwrap", f"{python(HUNT)}; env", "profile=setup", env=KEYS | {"PIP_TIMEOUT": "77"})
    assert inside["stdout"].startswith("0 []\n")
    assert KEY not in inside["stdout"]
    assert "PIP_TIMEOUT=77" in inside["stdout"]


def test_without_a_sandbox_the_variables_are_still_clean(lane: Path) -> None:
    outside = drive(lane, "none", "env", env=KEYS)
    assert KEY not in outside["stdout"]
    assert "ANTHROPIC" not in outside["stdout"]


def test_a_parents_environment_is_readable_by_its_children_unless_it_shields_itself(lane: Path) -> None:
    ours = f"{python(HUNT)}"
    shielded = drive(lane, "none", ours, env=KEYS)
    plain = subprocess.run(["sh", "-c", ours], env={**os.environ, **KEYS}, capture_output=True, text=True, check=True)
    assert not plain.stdout.startswith("0 "), "a child reads what its parents were started with"
    if os.geteuid() != 0:  # root may read everything: there the sandbox's own process namespace is the defence
        assert "environ" not in shielded["stdout"]


@pytest.fixture
def listeners() -> Iterator[dict[str, Any]]:
    """A TCP, a UDP, a unix and an abstract listener of the host, and what reached them."""
    heard: list[str] = []
    folder = Path("/tmp") / f"listen-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    unix.bind(str(folder / "socket"))
    (folder / "socket").chmod(0o777)
    abstract = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = uuid.uuid4().hex
    abstract.bind(f"\0{name}")
    where = {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1], "unix": str(folder / "socket"), "abstract": name}

    def listen(kind: str, server: socket.socket) -> None:
        server.settimeout(1800)
        try:
            if kind == "tcp":
                server.accept()[0].close()
            else:
                server.recv(100)
            heard.append(kind)
        except OSError:
            return

    servers = {"tcp": tcp, "udp": udp, "unix": unix, "abstract": abstract}
    threads = [threading.Thread(target=listen, args=each, daemon=True) for each in servers.items()]
    for thread in threads:
        thread.start()
    yield {"heard": heard, "where": where}
    for server in servers.values():
        server.close()
    (folder / "socket").unlink()
    folder.rmdir()


CONNECT = r"""
import json, socket, sys, time
where = json.loads(sys.argv[1])
done = []
def attempt(name, action):
    try:
        action()
        done.append(name)
    except OSError as fault:
        print(name, fault, file=sys.stderr)
def datagram(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", address)
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", where["tcp"]), 2).close())
attempt("udp", lambda: datagram(socket.AF_INET, ("127.0.0.1", where["udp"])))
attempt("unix", lambda: datagram(socket.AF_UNIX, where["unix"]))
attempt("abstract", lambda: datagram(socket.AF_UNIX, "\0" + where["abstract"]))
own = socket.create_server(("127.0.0.1", 0))
attempt("own server", lambda: socket.create_connection(own.getsockname(), 2).close())
time.sleep(0.2)
print(json.dumps(done))
"""


@needs("bwrap")
def test_no_socket_leads_out(lane: Path, listeners: dict[str, Any]) -> None:
    line = f"{python(CONNECT)} {shlex.quote(json.dumps(listeners['where']))}"
    inside = drive(lane, "bwrap", line)
    assert listeners["heard"] == []
    assert "own server" in inside["stdout"], "a test may serve and ask itself"
    drive(lane, "none", line)
    assert soon(lambda: sorted(listeners["heard"]) == ["abstract", "tcp", "udp", "unix"])


NAMES = r"""
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    asked, who = server.recvfrom(512)
    end = asked.index(b"\0", 12) + 5
    count = int(asked[end - 4 : end - 2] == b"\0\1")
    head = asked[:2] + b"\x81\x80\0\1" + bytes([0, count]) + b"\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\x07" if count else b""
    server.sendto(head + asked[12:end] + record, who)
"""


@needs("bwrap")
def test_names_are_not_resolved(lane: Path, tmp_path: Path) -> None:
    """In a network of its own with a server that knows all names: the control asks it, the sandbox cannot."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    (tmp_path / "names.py").write_text(NAMES)
    network = ("bwrap", "--unshare-user", "--unshare-net", "--uid", "0", "--cap-add", "ALL", "--dev-bind", "/", "/")
    server = f"python3 -I {tmp_path}/names.py >{tmp_path}/ready & server=$!"
    served = f'{server}; until test -s {tmp_path}/ready; do sleep 0.05; done; "$@"; kill $server'
    resolver = ("--ro-bind", str(tmp_path / "resolv.conf"), os.path.realpath("/etc/resolv.conf"))
    prefix = (*network, *resolver, "--die-with-parent", "timeout", "300", "sh", "-c", served, "sh")
    line = python("import socket; print(socket.getaddrinfo('planted.example', 80, socket.AF_INET)[0][4])")
    assert drive(lane, "none", line, prefix=prefix)["stdout"] == "('127.0.0.7', 80)\n"
    inside = drive(lane, "bwrap", line, prefix=prefix)
    assert inside["exit_code"] not in {0, None}
    assert "gaierror" in inside["stderr"], inside


@needs("bwrap")
def test_network_is_given_where_it_was_allowed(lane: Path, listeners: dict[str, Any]) -> None:
    line = f"{python(CONNECT)} {shlex.quote(json.dumps(listeners['where']))}"
    drive(lane, "bwrap", line, "allow=network")
    assert soon(lambda: "tcp" in listeners["heard"])
    assert "unix" not in listeners["heard"]


@needs("bwrap")
def test_nothing_is_written_outside_the_tree(lane: Path) -> None:
    (lane / "git").mkdir()
    places = ("checkout/file", "cache/sibling", "cache/lane-1/git/config", "cache/lane-1/planted", "cache/lane-1/env/x")
    targets = [lane.parents[1] / place for place in places]
    line = "; ".join(f"mkdir -p {target.parent}; echo escaped > {target}" for target in targets)
    drive(lane, "bwrap", line)
    assert not any(target.exists() for target in targets)
    drive(lane, "none", line)
    assert all(target.read_text() == "escaped\n" for target in targets)


@needs("bwrap")
def test_the_tree_and_scratch_are_writable_and_the_rest_is_its_own(lane: Path) -> None:
    line = (
        'echo 1 > made && echo 2 > "$ORCHESTRATE_SCRATCH/report" && echo 3 > ~/file && echo 4 > "$TMPDIR/file" && '
        'mkdir -p "$XDG_CACHE_HOME" && echo 5 > "$XDG_CACHE_HOME/file" && cat made ~/file && id -u && pwd'
    )
    inside = drive(lane, "bwrap", line)
    assert inside["stdout"].split() == ["1", "3", "1000", str((lane / "tree").resolve())]
    assert (lane / "tree/made").read_text() == "1\n"
    assert (Path(inside["scratch"]) / "report").read_text() == "2\n"
    again = drive(lane, "bwrap", "ls -A ~ /tmp | grep file")
    assert again["stdout"] == ""


@needs("bwrap")
def test_dependencies_are_read_only_in_gates_and_bundlers_find_their_scratch(lane: Path) -> None:
    line = "echo evil > node_modules/left-pad/index.js; echo ok > node_modules/.vite/x && cat node_modules/.vite/x"
    inside = drive(lane, "bwrap", line)
    assert inside["stdout"] == "ok\n"
    assert not (lane / "tree/node_modules/left-pad/index.js").exists()
    assert not (lane / "tree/node_modules/.vite/x").exists()
    drive(lane, "bwrap", line, "profile=setup")
    assert (lane / "tree/node_modules/left-pad/index.js").exists()


def test_dependency_folders_that_a_gate_plants_are_removed(lane: Path) -> None:
    drive(lane, "none", "mkdir -p src/node_modules/evil && touch src/node_modules/evil/index.js")
    assert not (lane / "tree/src/node_modules").exists()
    assert (lane / "tree/node_modules/left-pad").exists()


def test_links_and_pipes_in_scratch_are_removed(lane: Path) -> None:
    secret = lane.parents[1] / "checkout" / "key"
    line = (
        f'cd "$ORCHESTRATE_SCRATCH" && ln -s {secret} coverage.json && mkfifo junit.xml && mkdir deep && '
        f"ln -s / deep/root && echo fine > deep/report && cat coverage.json"
    )
    ran = drive(lane, "none", line)
    assert KEY in ran["stdout"], "the link led there while the command ran"
    scratch = Path(ran["scratch"])
    assert sorted(path.relative_to(scratch).as_posix() for path in scratch.rglob("*")) == ["deep", "deep/report"]


@needs("bwrap")
def test_one_commands_cache_is_not_anothers(lane: Path) -> None:
    plant = 'mkdir -p "$MYPY_CACHE_DIR" && echo green > "$MYPY_CACHE_DIR/planted" && ls "$MYPY_CACHE_DIR/../.."'
    planted = drive(lane, "bwrap", plant)
    assert planted["exit_code"] == 0
    assert len(planted["stdout"].split()) == 1, "it sees its own cache folder only"
    assert drive(lane, "bwrap", 'cat "$MYPY_CACHE_DIR/planted"')["exit_code"] != 0
    assert drive(lane, "bwrap", plant)["exit_code"] == 0


ATTEMPTS = (
    "unshare --user true",
    "mount -o remount,rw /usr",
    "mount -o remount,rw /proc",
    "chroot / true",
    "mknod /tmp/disk b 254 0",
    "bwrap --unshare-user --ro-bind / / true",
    "touch /usr/bin/planted",
    "touch /planted",
    "ls /sys/kernel",
    "cat /etc/shadow",
    "dmesg | grep .",
    # Found with this test: started by root, these belong to the command's own user id as the kernel sees it.
    "test -w /proc/sys/kernel/core_pattern",
    "echo 1 > /proc/sys/vm/drop_caches",
    "test -w /proc/sysrq-trigger",
)


FOR_ANYBODY = frozenset({"unshare --user true", "bwrap --unshare-user --ro-bind / / true", "ls /sys/kernel"})
FOR_ROOT = frozenset({"chroot / true", "cat /etc/shadow"})
"""Attempts that do no harm where they succeed."""


@needs("bwrap", "unshare")
def test_privileges_are_gone(lane: Path) -> None:
    def line(attempts: Iterable[str]) -> str:
        asked = (f"({attempt}) >/dev/null 2>&1 && echo {shlex.quote(attempt)}" for attempt in attempts)
        return f"{'; '.join(asked)}; echo asked"

    assert drive(lane, "bwrap", line(ATTEMPTS))["stdout"] == "asked\n"
    control = drive(lane, "none", line(FOR_ANYBODY | FOR_ROOT))["stdout"].splitlines()
    assert FOR_ANYBODY | (FOR_ROOT if os.geteuid() == 0 else set()) <= set(control)


@needs("bwrap")
def test_other_processes_are_neither_seen_nor_reached(lane: Path) -> None:
    seen = drive(lane, "bwrap", "cat /proc/[0-9]*/comm | sort | uniq -c; kill -9 -1")
    assert "driver" not in seen["stdout"]
    assert seen["exit_code"] in {0, 1, 137}
    assert "died" not in seen


@needs("bwrap")
def test_killing_everything_works_where_nothing_stands_against_it(lane: Path) -> None:
    """The positive control of the one above, inside an outer process namespace (decision 29)."""
    outer = ("bwrap", "--unshare-user", "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc", "--die-with-parent")
    assert drive(lane, "none", "kill -9 -1", prefix=outer).get("died")
    assert "died" not in drive(lane, "none", "true", prefix=outer)


FORKS = r"""
import os, time
made = 0
for _ in range(150):
    try:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
    except OSError:
        break
print(made, flush=True)
time.sleep(float(__import__("sys").argv[1]))
"""


@needs("bwrap")
def test_forking_ends_at_the_limit(lane: Path) -> None:
    inside = drive(lane, "bwrap", f"{python(FORKS)} 5", "processes=30", "memory_mb=16000")
    refused = inside["exit_code"] == 0 and int(inside["stdout"]) < 4 * 30
    assert refused or inside["killed_by"] == "processes", inside
    control = drive(lane, "bwrap", f"{python(FORKS)} 0.1", "processes=300", "memory_mb=16000")
    assert control["stdout"] == "150\n"


@needs("bwrap")
def test_a_fork_bomb_is_ended_and_nothing_of_it_is_left(lane: Path) -> None:
    """Its positive control would end the machine; the one above shows that the limit is what holds it."""
    marker = f"bomb-{uuid.uuid4().hex}"
    inside = drive(lane, "bwrap", f": {marker}; b(){{ b|b & }}; b; sleep 1", "processes=64")
    assert "fork" in inside["stderr"] or inside["killed_by"] == "processes"
    assert soon(lambda: not alive(marker)), "each of them has the whole line as its own"


@needs("bwrap")
def test_a_memory_hog_is_ended(lane: Path) -> None:
    hog = python("b = bytearray(300 << 20); print('got it', flush=True); import time; time.sleep(1)")
    assert drive(lane, "bwrap", hog, "memory_mb=100")["killed_by"] == "memory"
    assert drive(lane, "bwrap", hog, "memory_mb=2000")["stdout"] == "got it\n"


@needs("bwrap")
def test_files_have_a_largest_size_and_tmp_one_too(lane: Path) -> None:
    write = "head -c 50000000 /dev/zero > big; ls -l big | cut -d' ' -f5"
    inside = drive(lane, "bwrap", write, "file_size_mb=16")
    assert int(inside["stdout"]) <= 16 << 20
    assert int(drive(lane, "bwrap", write, "file_size_mb=100")["stdout"]) == 50_000_000
    assert int(drive(lane, "none", write, "file_size_mb=16")["stdout"]) <= 16 << 20
    tmp = drive(lane, "bwrap", "df -k --output=size /tmp ~ /dev/shm | grep -v K | sort -u")
    assert tmp["stdout"].split() == [str(1 << 20)]


@needs("bwrap")
def test_a_daemon_ends_with_its_command(lane: Path) -> None:
    marker = f"{5000 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**9:09d}"
    line = f"(setsid sleep {marker} >/dev/null 2>&1 &); sleep 0.1; exit 4"
    subprocess.run(["sh", "-c", line], check=False)
    assert soon(lambda: bool(alive(marker))), "the control's daemon lives on"
    end(alive(marker))
    assert drive(lane, "bwrap", line)["exit_code"] == 4
    assert not alive(marker)


@needs("bwrap")
def test_a_tool_in_the_home_folder_shows_itself_and_not_the_home_folder(lane: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".local/bin").mkdir(parents=True)
    tool = home / ".local/bin/linter"
    tool.write_text(f"#!{sys.executable}\nprint('linted')\n")
    tool.chmod(0o755)
    (home / ".netrc").write_text(KEY)
    (home / ".local/notes").write_text(KEY)
    env = {"HOME": str(home), "PATH": f"{home}/.local/bin:{os.environ['PATH']}"}
    inside = drive(lane, "bwrap", f"linter; cat {home}/.netrc {home}/.local/notes; ls -A {home}", env=env)
    assert inside["stdout"].split() == ["linted", ".local"]
    allowed = drive(lane, "bwrap", f"ls -A {home}/.local; cat {home}/.netrc; echo x > {home}/y", "allow=home", env=env)
    assert allowed["stdout"].split() == ["bin", "notes"]
    assert not (home / "y").exists()
