"""Secrets planted everywhere a run looks, and nowhere in what it leaves; the code they stand in is not spoilt."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from orchestrator.domain.pattern import compile_pattern
from orchestrator.domain.redactor import Own, Redactor
from tests.e2e.nights import Place, wait_until
from tests.e2e.small import ACCEPT, adr, place_of
from tests.fakes.collector import Collector

KEY = "Zq7/sentinel-key+0001=Xw9"
CORP = "corp-0123456789abcdef0123456789abcdef"
PASSWORD = "hunter-sentinel-22"
TOKEN = "ghp_" + "S3nt1nel" * 5
FIELD = "field-sentinel-0004-abcd"
DECOY = "decoy-0123456789"
"""Planted beside the secrets, and no secret: it must be found wherever they are looked for."""
CODED = base64.b64encode(f"user:{KEY}:".encode()).decode()
SENTINELS = (
    KEY,
    CORP,
    PASSWORD,
    TOKEN,
    FIELD,
    base64.b64encode(b"abc" + KEY.encode()).decode()[4:-4],
    KEY.encode().hex(),
)

CONFIG = f'TOKEN = "{CORP}"  # {DECOY}\nLIMIT = 1\n'
TESTS = f"""
import base64
from shop.config import LIMIT, TOKEN

KEY = {KEY!r}

def test_limit():
    print(KEY[:9] + chr(10) + '    ' + KEY[9:])
    print(base64.b64encode(('user:' + KEY + ':').encode()).decode(), KEY.encode().hex())
    assert LIMIT in (1, 2), f'{DECOY} {{KEY}} {{TOKEN}} https://me:{PASSWORD}@db.invalid/x {FIELD}'
"""
SETTINGS = "secrets:\n  patterns:\n    corp: {find: corp-, pattern: 'corp-[0-9a-f]{32}'}\n"
TASKS = (
    f"  - id: double\n    title: Raise the limit\n    files: [src/shop/config.py]\n    description: |\n"
    f"      With {KEY} at https://me:{PASSWORD}@db.invalid/x, {CODED[:12]}\n      {CODED[12:]} {FIELD} {DECOY}\n"
)
STANDS_FOR = Redactor(own=(Own("corp", "corp-", compile_pattern("corp-[0-9a-f]{32}")),)).hide(CORP)


def edit(search: str, replacement: str) -> str:
    prose = f"{DECOY} I found {TOKEN} and {KEY}.\n\n"
    return f"{prose}src/shop/config.py\n```\n<<<<<<< SEARCH\n{search}=======\n{replacement}>>>>>>> REPLACE\n```\n"


def config(limit: int) -> str:
    return f'TOKEN = "{STANDS_FOR}"  # {DECOY}\nLIMIT = {limit}\n'


ANSWERS = {
    "double.plan.architect.1.1": adr({"src/shop/config.py": ""}).replace("(create)", "(modify)")
    + f"\n{TOKEN} {DECOY}\n",
    "double.build.executor.1.1": edit(config(1), config(3)),
    "double.build.executor.2.1": edit(config(3), config(2)),
    "double.deliver.reviewer.1.1": ACCEPT.replace("SUMMARY: ", f"SUMMARY: {TOKEN} {DECOY} "),
}
ENVIRONMENT = {"MY_SERVICE_TOKEN": KEY, "PLAINLY_NAMED": FIELD, "ORCHESTRATE_SECRETS__VARIABLES": "[PLAINLY_NAMED]"}


def planted(folder: Path) -> Place:
    project = {
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
        "src/shop/__init__.py": "",
        "src/shop/config.py": CONFIG,
        "tests/test_config.py": TESTS,
    }
    gate = "gate: {lint: none, test: python -m pytest -q -rP}\n"
    place = place_of(folder, project, ANSWERS, tasks=TASKS, gate=gate)
    (folder / "orchestrate.yaml").write_text(SETTINGS)
    return place


def night(place: Place, *argv: str, **variables: str) -> tuple[int, str]:
    ended = place.orchestrate(*argv, "--sandbox", "none", **ENVIRONMENT, **variables)
    return ended.code, ended.out + ended.err


def run(place: Place, **variables: str) -> tuple[int, str]:
    return night(place, "run", str(place.tasks), "--models", f"replay:{place.folder / 'calls'}", **variables)


def leaks(content: bytes) -> list[str]:
    squeezed = b"".join(content.replace(b"\\n", b"").split())
    return [one for one in SENTINELS if one.encode() in content or one.encode() in squeezed]


def found_in(folder: Path) -> dict[str, list[str]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): found for path in files if (found := leaks(path.read_bytes()))}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place, bytes, str]:
    """A run without a break; one that broke in its middle and was resumed; what the collector got; what was printed."""
    whole, broken = planted(tmp_path_factory.mktemp("whole")), planted(tmp_path_factory.mktemp("broken"))
    with Collector() as collector:
        code, said = run(whole, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_HEADERS=f"x-key={TOKEN}")
        bodies = b"".join(collector.bodies)
    assert code == 0, said
    argv = ("run", str(broken.tasks), "--models", f"replay:{broken.folder / 'calls'}", "--sandbox", "none")
    with broken.started(*argv, **ENVIRONMENT) as process:
        wait_until(lambda: any((broken.folder / "runs").glob("*/tasks/double/iterations/1/gate.json")))
        process.terminate()
        first = "".join(process.communicate())
    assert process.returncode == 143, first
    code, second = night(broken, "resume")
    assert code == 0, second
    return whole, broken, bodies, said + first + second


def test_no_secret_is_in_anything_a_run_or_a_resume_leaves(nights: tuple[Place, Place, bytes, str]) -> None:
    whole, broken, bodies, said = nights
    assert found_in(whole.folder / "runs") == {}
    assert found_in(broken.folder / "runs") == {}
    assert leaks(bodies) == []
    assert leaks(said.encode()) == []


def test_positive_control_what_is_no_secret_is_everywhere_and_the_search_finds_secrets(
    nights: tuple[Place, Place, bytes, str],
) -> None:
    whole = nights[0]
    state = whole.run_folder()
    with_decoy = {path.name for path in state.rglob("*") if path.is_file() and DECOY.encode() in path.read_bytes()}
    places = {"tasks.yaml", "prompt.md", "answer.md", "changes.patch", "gate.json", "adr.md", "report.html", "test.log"}
    assert places | {"journal.jsonl", "double.build.executor.2.1.json"} <= with_decoy
    hidden = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file()).count(b"[hidden:")
    assert hidden > 50
    assert set(found_in(whole.folder / "tally")) >= {"src/shop/config.py", "tests/test_config.py"}
    assert set(leaks(whole.tasks.read_bytes())) >= {KEY, PASSWORD, FIELD}


def test_the_code_is_not_spoilt_and_a_resume_ends_in_the_same_tree(nights: tuple[Place, Place, bytes, str]) -> None:
    whole, broken = nights[:2]
    branch = whole.git("for-each-ref", "--format=%(refname)", "refs/heads/orchestrate").strip()
    assert whole.git("show", f"{branch}:src/shop/config.py") == CONFIG.replace("LIMIT = 1", "LIMIT = 2")
    assert whole.trees() == broken.trees() != {}
