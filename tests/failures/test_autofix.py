"""Auto-fix: what is mended, and the traps that must stay unbroken (L5, L6). Plans are pure; the edited text is looked
at.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.failures import RepositoryView, judge_output
from orchestrator.failures.autofix import FixPlan, plan_fixes
from orchestrator.failures.autofix.python_effects import has_effects
from orchestrator.settings import Autofix
from tests.failures.trees import PYTHON, TYPESCRIPT, write

UNUSED_TS = "@typescript-eslint/no-unused-vars"


def trivial(tool: str, code: str, file: str, line: int, symbol: str | None = None) -> Failure:
    return Failure(
        check=CheckKind.LINT,
        tool=tool,
        code=code,
        file=file,
        line=line,
        symbol=symbol,
        message="",
        category=Category.TRIVIAL,
    )


def plan(
    root: Path, files: dict[str, str], *failures: Failure, settings: Autofix | None = None, command: str = ""
) -> FixPlan:
    return plan_fixes(failures, RepositoryView(root=write(root, files)), settings or Autofix(), command=command)


def edited(fixes: FixPlan, path: str) -> str:
    return next(change.content for change in fixes.edits if change.path == path).decode()  # type: ignore[union-attr]


# -- unused ------------------------------------------------------------------------------------------------------------


def test_an_unused_variable_gets_the_linters_own_comment_and_keeps_its_name(tmp_path: Path) -> None:
    files = {"a.py": "def drain(queue):\n    dropped = queue.pop(0)\n    return len(queue)\n"}
    fixes = plan(tmp_path, files, trivial("ruff", "F841", "a.py", 2, "dropped"))
    assert "    dropped = queue.pop(0)  # noqa: F841\n" in edited(fixes, "a.py")
    assert fixes.suppressions == 1
    assert not fixes.unfixable


def test_a_comment_joins_the_one_that_stands_there(tmp_path: Path) -> None:
    fixes = plan(tmp_path, {"a.py": "def f():\n    x = g()  # noqa: E501\n"}, trivial("flake8", "F841", "a.py", 2, "x"))
    assert edited(fixes, "a.py").endswith("x = g()  # noqa: E501, F841\n")


@pytest.mark.parametrize(
    ("source", "mended"),
    [
        ('def f():\n    x = """\n    text\n    """\n', '    """  # noqa: F841\n'),
        ("def f():\n    x = g() + \\\n        h()\n", "        h()  # noqa: F841\n"),
        ('def f(y):\n    x = f"""\n    {y}\n    """\n', '    """  # noqa: F841\n'),
    ],
)
def test_a_comment_stands_after_what_is_joined_never_inside_a_string(source: str, mended: str, tmp_path: Path) -> None:
    text = edited(plan(tmp_path, {"a.py": source}, trivial("ruff", "F841", "a.py", 2, "x")), "a.py")
    assert text.endswith(mended)
    assert text.replace("  # noqa: F841", "") == source


def test_pylint_is_told_before_a_statement_of_several_lines(tmp_path: Path) -> None:
    source = 'def f():\n    x = """\n    text\n    """\n'
    text = edited(plan(tmp_path, {"a.py": source}, trivial("pylint", "W0612", "a.py", 2, "x")), "a.py")
    assert text.splitlines()[1] == "    # pylint: disable-next=unused-variable"
    assert text.replace("    # pylint: disable-next=unused-variable\n", "") == source


@pytest.mark.parametrize(
    ("empty", "kind"), [("[]", "list[object]"), ("{}", "dict[object, object]"), ("set()", "set[object]")]
)
def test_a_type_checker_is_told_what_an_unused_empty_container_holds(empty: str, kind: str, tmp_path: Path) -> None:
    files = {"mypy.ini": "[mypy]\n", "a.py": f"def f():\n    seen = {empty}\n    return 1\n"}
    text = edited(plan(tmp_path, files, trivial("flake8", "F841", "a.py", 2, "seen")), "a.py")
    assert f"    seen: {kind} = {empty}  # noqa: F841\n" in text


def test_pyrights_unused_ones_are_mended_like_the_linters(tmp_path: Path) -> None:
    files = {"a.py": "import os\nimport sys\n\nprint(sys.path)\n\n\ndef f():\n    x = g()\n"}
    failures = (trivial("pyright", "reportUnusedImport", "a.py", 1, "os"),
                trivial("pyright", "reportUnusedVariable", "a.py", 8, "x"))  # fmt: skip
    fixes = plan(tmp_path, files, *failures)
    assert edited(fixes, "a.py").startswith("import sys\n")
    assert edited(fixes, "a.py").endswith("    x = g()  # pyright: ignore[reportUnusedVariable]\n")
    assert fixes.suppressions == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import heapq", "import heapq"),
        ("import os.path as ospath", "import os.path as ospath"),
        ("from os import getpid", "getpid imported from os"),
        ("from os import getpid as pid", "getpid imported from os as pid"),
        ("from os import sep, getpid", "getpid imported from os"),
    ],
)
def test_an_unused_import_in_pylints_words_goes(line: str, words: str, tmp_path: Path) -> None:
    text = f"{line}\nimport sys\n\nprint(sys.path{', sep' if 'sep' in line else ''})\n"
    view = RepositoryView(root=write(tmp_path, {"a.py": text}))
    said = f"************* Module a\na.py:1:0: W0611: Unused {words} (unused-import)\n"
    failures = judge_output(said, "", exit_code=4, check=CheckKind.LINT, view=view)
    mended = edited(plan_fixes(failures, view, Autofix()), "a.py")
    assert mended == (text.replace(", getpid", "") if "sep" in line else text.removeprefix(f"{line}\n"))


def test_object_shorthand_and_rest_siblings_stay(tmp_path: Path) -> None:
    source = (
        "export function view(user: U) {\n  const { secret, ...rest } = user;\n"
        "  const bar = { rest };\n  return rest;\n}\n"
    )
    failures = (trivial("eslint", UNUSED_TS, "a.ts", 2, "secret"), trivial("eslint", UNUSED_TS, "a.ts", 3, "bar"))
    text = edited(plan(tmp_path, {"a.ts": source}, *failures), "a.ts")
    assert text.replace(f"  // eslint-disable-next-line {UNUSED_TS}\n", "") == source
    assert text.count("eslint-disable-next-line") == 2


def test_a_compilers_unused_check_is_the_executors(tmp_path: Path) -> None:
    failure = Failure(
        check=CheckKind.BUILD,
        tool="tsc",
        code="TS6133",
        file="a.ts",
        line=1,
        symbol="x",
        message="",
        category=Category.TACTICAL,
    )
    fixes = plan(tmp_path, {"a.ts": "const x = 1;\n"}, failure)
    assert fixes.empty
    assert fixes.unfixable == (failure,)


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ({"p/__init__.py": "", "p/plugins.py": "from . import plug\n",
        "p/plug.py": "from .reg import register\n\nregister('json')\n", "p/reg.py": "def register(x): ...\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "from .used import Thing\n", "p/used.py": "class Thing: ...\n",
        "t.py": "from p.plugins import Thing\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "from .used import Thing\n\n__all__ = ['Thing']\n",
        "p/used.py": "class Thing: ...\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "from .used import Thing\n", "p/used.py": "class Thing: ...\n"}, False),
        ({"p/__init__.py": "", "p/plugins.py": "from .used import Thing\n\n__all__ = ['a' + 'b']\n",
        "p/used.py": "class Thing: ...\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "import json\n"}, False),
        ({"p/__init__.py": "", "p/plugins.py": "from . import used\n", "p/used.py": "class Thing: ...\n",
        "t.py": "import p\n\np.used.Thing\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "from . import used\n", "p/used.py": "class Thing: ...\n",
        "t.py": "import p.used\n\np.used.Thing\n"}, False),
        ({"p/__init__.py": "", "p/plugins.py": "from .used import Thing\n", "p/used.py": "class Thing: ...\n",
        "t.py": "from p import plugins as known\n\nknown.Thing\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "from .used import Thing\n", "p/used.py": "class Thing: ...\n",
        "pyproject.toml": "[project.scripts]\nthing = 'p.plugins:Thing'\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "import unknown_plugin\n"}, True),
        ({"p/__init__.py": "", "p/plugins.py": "try:\n    import json\nexcept ImportError:\n    pass\n"}, True),
    ],
)  # fmt: skip
def test_an_unused_import_goes_only_where_nothing_can_notice(files: dict[str, str], kept: bool, tmp_path: Path) -> None:
    line = next(number for number, text in enumerate(files["p/plugins.py"].splitlines(), 1) if "import" in text)
    name = files["p/plugins.py"].splitlines()[line - 1].split()[-1]
    fixes = plan(tmp_path, files, trivial("ruff", "F401", "p/plugins.py", line, name))
    text = edited(fixes, "p/plugins.py")
    assert ("noqa: F401" in text) is kept
    assert (name in text) is kept


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("class Base: ...\n\n\nclass Thing(Base): ...\n", False),
        ("KNOWN = {'a': 1}\nif True:\n    KNOWN.pop('a')\n    KNOWN['b'] = 2\n", False),
        ("class Wrong(LookupError): ...\n", False),
        ("class Base:\n    def __init_subclass__(cls):\n        print(cls)\n\n\nclass Thing(Base): ...\n", True),
        ("from p.q import KNOWN\n\nKNOWN.pop('a')\n", True),
        ("from p.q import KNOWN\n\nKNOWN['a'] = 1\n", True),
        ("from p.q import Base\n\n\nclass Thing(Base): ...\n", True),
        ("class Thing(metaclass=type): ...\n", True),
        ("import re\n\nWORD = re.compile('a')\nSIZES = dict(a=len('b'), c='d'.join(['e']))\n", False),
        ("from p.q import register\n\nHANDLE = register('a')\n", True),
        ("from p.q import KNOWN\n\nKNOWN += ['a']\n", True),
        ("KNOWN = []\nKNOWN += ['a']\n", False),
        ("from p.q import register\n\n\nclass Thing:\n    register('a')\n", True),
        ("import codecs\n\nDONE = codecs.register(len)\n", True),
    ],
)
def test_what_loading_a_module_does_besides_defining(text: str, acts: bool) -> None:
    assert has_effects(text.encode()) is acts


def test_a_re_export_of_a_package_is_never_removed(tmp_path: Path) -> None:
    fixes = plan(
        tmp_path,
        {"p/__init__.py": "from p.a import A\n", "p/a.py": "class A: ...\n"},
        trivial("ruff", "F401", "p/__init__.py", 1, "p.a.A"),
    )
    assert edited(fixes, "p/__init__.py") == "from p.a import A  # noqa: F401\n"


def test_one_name_of_several_goes_alone(tmp_path: Path) -> None:
    source = "from typing import (\n    Any,\n    Iterable,\n)\n\n\ndef f(x: Any) -> None: ...\n"
    text = edited(plan(tmp_path, {"a.py": source}, trivial("flake8", "F401", "a.py", 1, "typing.Iterable")), "a.py")
    assert text == source.replace("    Iterable,\n", "")


def test_a_module_loaded_for_its_effect_stays_loaded(tmp_path: Path) -> None:
    files = {
        "src/main.ts": "import { installed } from './defaults';\nexport const x = 1;\n",
        "src/defaults.ts": "import { reg } from './reg';\nreg.push(1);\nexport const installed = true;\n",
        "src/reg.ts": "export const reg: number[] = [];\n",
    }
    text = edited(plan(tmp_path, files, trivial("eslint", UNUSED_TS, "src/main.ts", 1, "installed")), "src/main.ts")
    assert text == "import './defaults';\nexport const x = 1;\n"


def test_an_unused_import_of_nodes_own_goes(tmp_path: Path) -> None:
    files = {"a.ts": "import { join } from 'node:path';\n\nexport const x = 1;\n"}
    assert (
        edited(plan(tmp_path, files, trivial("eslint", UNUSED_TS, "a.ts", 1, "join")), "a.ts")
        == "export const x = 1;\n"
    )


# -- missing imports ---------------------------------------------------------------------------------------------------


def python_import(
    tmp_path: Path, files: dict[str, str], path: str, name: str, settings: Autofix | None = None
) -> FixPlan:
    return plan(tmp_path, files, trivial("ruff", "F821", path, 1, name), settings=settings)


def test_a_missing_import_is_looked_up_and_sorted_in(tmp_path: Path) -> None:
    source = '"""Doc."""\n\nfrom __future__ import annotations\n\nimport os\n\n\ndef f() -> Money:\n    return os.x\n'
    fixes = python_import(tmp_path, {**PYTHON, "shop/extra.py": source}, "shop/extra.py", "Money")
    text = edited(fixes, "shop/extra.py")
    assert text == source.replace("import os\n", "import os\n\nfrom shop.money import Money\n")
    ast.parse(text)


@pytest.mark.parametrize(("code", "between"), [("class A:\n    x = json.loads\n", 2), ("X = json.loads\n", 1)])
def test_the_first_import_stands_as_far_from_the_code_as_isort_has_it(code: str, between: int, tmp_path: Path) -> None:
    fixes = plan(tmp_path, {"a.py": code}, trivial("ruff", "F821", "a.py", 1, "json"))
    assert edited(fixes, "a.py") == f"import json{chr(10) * (between + 1)}{code}"


def test_it_joins_an_import_of_the_same_module(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/a.py": "class Alpha: ...\nclass Beta: ...\n",
        "p/b.py": "from .a import Beta\n\nx = Alpha, Beta\n",
    }
    assert (
        edited(python_import(tmp_path, files, "p/b.py", "Alpha"), "p/b.py")
        == "from .a import Alpha, Beta\n\nx = Alpha, Beta\n"
    )


def test_two_homes_are_nobodys_guess(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/fast.py": "def key(x): ...\n",
        "p/stable.py": "def key(x): ...\n",
        "p/use.py": "y = key(1)\n",
    }
    fixes = python_import(tmp_path, files, "p/use.py", "key")
    assert fixes.empty
    assert len(fixes.unfixable) == 1


def test_strict_takes_the_list_only(tmp_path: Path) -> None:
    files = {"p/__init__.py": "", "p/a.py": "class Alpha: ...\n", "p/b.py": "x = Alpha\n"}
    assert python_import(tmp_path, files, "p/b.py", "Alpha", Autofix(strict=True)).empty
    listed = Autofix(strict=True, safe_imports=("Alpha",))
    assert "from p.a import Alpha" in edited(python_import(tmp_path, files, "p/b.py", "Alpha", listed), "p/b.py")


def test_an_import_that_would_close_a_circle_is_not_added(tmp_path: Path) -> None:
    files = {"p/__init__.py": "", "p/low.py": "x = High\n", "p/high.py": "from p.low import x\n\n\nclass High: ...\n"}
    assert python_import(tmp_path, files, "p/low.py", "High").empty


def test_an_alias_comes_back_as_the_others_write_it(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/i18n.py": "def gettext(x): ...\n",
        "p/a.py": "from .i18n import gettext as _\n\n_('x')\n",
        "p/b.py": "from .a import y\n\n_('x')\n",
    }
    assert "from .i18n import gettext as _\n" in edited(python_import(tmp_path, files, "p/b.py", "_"), "p/b.py")


@pytest.mark.parametrize(
    ("name", "use", "line"),
    [
        ("warnings", "warnings.warn('x')", "import warnings"),
        ("OrderedDict", "OrderedDict()", "from collections import OrderedDict"),
        ("datetime", "datetime.now()", "from datetime import datetime"),
        ("datetime", "datetime.timedelta()", "import datetime"),
        ("Path", "Path('x')", "from pathlib import Path"),
    ],
)
def test_the_standard_library_is_read(name: str, use: str, line: str, tmp_path: Path) -> None:
    text = edited(python_import(tmp_path, {"a.py": f"#!/usr/bin/env python3\n{use}\n"}, "a.py", name), "a.py")
    assert text.startswith("#!/usr/bin/env python3\n")
    assert f"{line}\n" in text


@pytest.mark.parametrize(
    ("files", "path", "name", "line"),
    [
        ({"a.py": "urllib.parse.quote('x')\n"}, "a.py", "urllib", "import urllib.parse"),
        (
            {"p/__init__.py": "", "p/registry.py": "def known(): ...\n",
             "p/b.py": "from .c import d\n\nregistry.known()\n"},
            "p/b.py", "registry", "from . import registry",
        ),
        (
            {"p/__init__.py": "from .b import y\n", "p/util.py": "from . import z\n\n\ndef lift(): ...\n", "p/z.py": "",
             "p/b.py": "from .z import q\n\ny = lift\n"},
            "p/b.py", "lift", "from .util import lift",
        ),
        (
            {"p/__init__.py": "class Box: ...\n", "p/__init__.pyi": "class Box: ...\n", "q.py": "x = Box()\n"},
            "q.py", "Box", "from p import Box",
        ),
        ({"a.py": "from typing import Any\n\nx: Mapping\n"}, "a.py", "Mapping", "from typing import Any, Mapping"),
        ({"a.py": "x: Mapping\n"}, "a.py", "Mapping", "from collections.abc import Mapping"),
        (
            {"p/__init__.py": "", "p/a.py": "from collections import abc\n\nabc.Sized\n",
             "p/b.py": "class X(abc.ABC): ...\n"},
            "p/b.py", "abc", "import abc",
        ),
    ],
)  # fmt: skip
def test_modules_packages_and_stubs_are_told_apart(
    files: dict[str, str], path: str, name: str, line: str, tmp_path: Path
) -> None:
    assert line in edited(python_import(tmp_path, files, path, name), path).splitlines()


def test_a_function_and_a_module_of_one_name_are_nobodys_guess(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/cli.py": "class Group: ...\n\n\ncli = Group()\n",
        "p/app.py": "x = cli.Group()\n",
    }
    assert python_import(tmp_path, files, "p/app.py", "cli").empty


def test_a_declared_packages_name_is_found_in_its_source(tmp_path: Path) -> None:
    site = tmp_path / "env" / "site-packages"
    write(
        site,
        {
            "colours/__init__.py": "from colours.shades import Shade\n",
            "colours/shades.py": "class Shade: ...\n",
            "colours-1.0.dist-info/METADATA": "Name: colours\nVersion: 1.0\n",
            "colours-1.0.dist-info/top_level.txt": "colours\n",
            "other/__init__.py": "class Tint: ...\n",
            "other-1.0.dist-info/top_level.txt": "other\n",
        },
    )
    root = write(tmp_path / "tree", {"requirements.txt": "colours\n", "a.py": "x = Shade()\n", "b.py": "y = Tint()\n"})
    view = RepositoryView(root=root, environment=(site,))
    failures = (trivial("ruff", "F821", "a.py", 1, "Shade"), trivial("ruff", "F821", "b.py", 1, "Tint"))
    fixes = plan_fixes(failures, view, Autofix())
    assert edited(fixes, "a.py") == "from colours import Shade\n\nx = Shade()\n"
    assert [failure.file for failure in fixes.unfixable] == ["b.py"]


def test_line_ends_and_bom_survive(tmp_path: Path) -> None:
    text = edited(
        python_import(tmp_path, {"a.py": "\ufeffimport os\r\n\r\nwarnings.warn(os.name)"}, "a.py", "warnings"), "a.py"
    )
    assert text == "\ufeffimport os\r\nimport warnings\r\n\r\nwarnings.warn(os.name)"


@pytest.mark.parametrize(
    ("files", "name", "line"),
    [
        ({"src/a.ts": "export const y = plus;\n"}, "plus", "import { plus } from './money';"),
        ({"src/a.ts": 'import { x } from "./x.js"\nexport const y = plus\n'}, "plus",
        'import { plus } from "./money.js"'),
        ({"src/pool.ts": "export default class Pool {}\n", "src/a.ts": "export const p = new Pool();\n"}, "Pool",
        "import Pool from './pool';"),
        ({"src/clock.ts": "@Injectable()\nexport class Clock {}\n",
        "src/a.ts": "export class T { constructor(c: Clock) {} }\n"}, "Clock", "import { Clock } from './clock';"),
        ({"src/a.ts": "import type { X } from 'x';\nexport let m: Money;\n"}, "Money",
        "import type { Money } from './money';"),
        ({"src/deep/a.ts": "void randomUUID();\n"}, "randomUUID", "import { randomUUID } from 'node:crypto';"),
        ({"src/deep/a.ts": "export let c: Cart;\n"}, "Cart", "import { Cart } from '../cart';"),
    ],
)  # fmt: skip
def test_typescript_imports_follow_the_file(files: dict[str, str], name: str, line: str, tmp_path: Path) -> None:
    path = next(path for path in files if path.endswith("a.ts"))
    fixes = plan(tmp_path, {**TYPESCRIPT, **files}, trivial("tsc", "TS2304", path, 1, name))
    assert line in edited(fixes, path).splitlines()


def test_two_exports_of_one_name_are_left_alone(tmp_path: Path) -> None:
    files = {
        "src/loose.ts": "export const parseKey = 1;\n",
        "src/strict.ts": "export const parseKey = 2;\n",
        "src/a.ts": "void parseKey;\n",
    }
    assert plan(tmp_path, files, trivial("tsc", "TS2304", "src/a.ts", 1, "parseKey")).empty


def test_imports_whose_order_acts_are_not_sorted(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/shared.py": "state = 1\n",
        "p/patch.py": "from . import shared\n\nshared.state = 2\n",
        "p/a.py": "from . import patch  # noqa: F401\nfrom . import shared\n\nx = shared.state\n",
        "p/b.py": "from . import shared\nimport os\n\nx = shared.state, os\n",
    }
    fixes = plan(tmp_path, files, trivial("ruff", "I001", "p/a.py", 1), trivial("ruff", "I001", "p/b.py", 1))
    assert [failure.file for failure in fixes.unfixable] == ["p/a.py"]
    assert [command.files for command in fixes.commands] == [("p/b.py",)]


# -- the ecosystem's fixers --------------------------------------------------------------------------------------------


def test_fixers_take_only_the_codes_and_files_that_were_reported(tmp_path: Path) -> None:
    failures = (
        trivial("ruff", "I001", "shop/cart.py", 1),
        trivial("flake8", "W291", "shop/money.py", 2),
        trivial("ruff-format", "", "shop/cart.py", 1),
    )
    lines = {command.line: command.files for command in plan(tmp_path, PYTHON, *failures).commands}
    assert lines == {
        "ruff check --fix-only --no-unsafe-fixes --exit-zero --select I001 -- shop/cart.py": ("shop/cart.py",),
        "ruff check --fix-only --no-unsafe-fixes --exit-zero --select W291 -- shop/money.py": ("shop/money.py",),
        "ruff format -- shop/cart.py": ("shop/cart.py",),
    }


@pytest.mark.parametrize(
    ("command", "failure", "line"),
    [
        ("black --check -S -l 100 .", trivial("black", "", "a.py", 1), "black -S -l 100 -q -- a.py"),
        ("isort -c --profile black src", trivial("isort", "", "a.py", 1), "isort --profile black -q -- a.py"),
        ("ruff format --check --config=r.toml .", trivial("ruff-format", "", "a.py", 1),
         "ruff format --config=r.toml -- a.py"),
        ("ruff check --select F,RUF100 .", trivial("ruff", "RUF100", "a.py", 1),
         "ruff check --select F,RUF100 --fix-only --no-unsafe-fixes --exit-zero --fixable RUF100 -- a.py"),
    ],
)  # fmt: skip
def test_formatters_write_as_the_check_reads(command: str, failure: Failure, line: str, tmp_path: Path) -> None:
    (fixer,) = plan(tmp_path, {"a.py": "x = 1\n"}, failure, command=command).commands
    assert fixer.line == line


def test_a_fixer_keeps_the_checks_own_configuration(tmp_path: Path) -> None:
    failure = trivial("eslint", "dot-notation", "src/cart.ts", 1)
    (command,) = plan(tmp_path, TYPESCRIPT, failure, command="eslint -c gate.config.mjs src 'test dir'").commands
    assert command.line == "eslint -c gate.config.mjs --fix -- src/cart.ts"


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("x = list([1])\n", True),
        ("x = list(\n    # why\n    [1]\n)\n", False),
        ("from builtins_of_ours import *\n\nx = list([1])\n", False),
        ("def list(x): ...\n\n\nx = list([1])\n", False),
    ],
)
def test_a_call_is_rewritten_as_a_literal_only_where_nothing_is_lost(source: str, asked: bool, tmp_path: Path) -> None:
    line = 1 + source[: source.index("x = ")].count("\n")
    fixes = plan(tmp_path, {"ruff.toml": "", "a.py": source}, trivial("flake8", "C410", "a.py", line))
    wanted = "ruff check --fix-only --unsafe-fixes --exit-zero --select C410 -- a.py"
    assert [command.line for command in fixes.commands] == [wanted] * asked
    assert len(fixes.unfixable) == (not asked)


@pytest.mark.parametrize(("code", "trivially"), [("C410", True), ("C408", True), ("C414", False)])
def test_what_ruff_calls_unsafe_for_a_comment_alone_is_trivial(code: str, trivially: bool, tmp_path: Path) -> None:
    """ruff 0.17.6, with the marks it leaves out and the note it adds."""
    said = (
        f"{code} Unnecessary call\n --> a.py:1:5\n  |\n1 | x = list([1])\n  |     ^^^^^^^^^\n  |\nhelp: Remove it\n"
        "note: This is an unsafe fix and may change runtime behavior\n\nFound 1 error.\n"
    )
    view = RepositoryView(root=write(tmp_path, {"a.py": "x = list([1])\n", "ruff.toml": ""}))
    (failure,) = judge_output(said, "", exit_code=1, check=CheckKind.LINT, view=view)
    assert (failure.category is Category.TRIVIAL) is trivially
    lines = [one.line for one in plan_fixes([failure], view, Autofix(), command="ruff check .").commands]
    assert any("--unsafe-fixes" in line and code in line for line in lines) is trivially


def test_a_fix_that_takes_code_away_is_never_asked_for(tmp_path: Path) -> None:
    fixes = plan(tmp_path, PYTHON, trivial("ruff", "ERA001", "shop/cart.py", 1))
    assert not fixes.commands
    assert len(fixes.unfixable) == 1


@pytest.mark.parametrize(
    ("text", "place", "said", "mended"),
    [
        ("import a\n\ndef f(): ...\n", (3, 1), "E302 expected 2 blank lines, found 1", "import a\n\n\ndef f(): ...\n"),
        ("x = 1\n# why\ndef f(): ...\n", (3, 1), "E302 expected 2 blank lines, found 0",
         "x = 1\n\n\n# why\ndef f(): ...\n"),
        ("def f(): ...\nf()\n", (2, 1), "E305 expected 2 blank lines after class or function definition, found 0",
         "def f(): ...\n\n\nf()\n"),
        ("x = 1\n\n\n\n\ny = 2\n", (6, 1), "E303 too many blank lines (4)", "x = 1\n\n\ny = 2\n"),
        ("class A:\n    x = 1\n    def f(self): ...\n", (3, 5), "E301 expected 1 blank line, found 0",
         "class A:\n    x = 1\n\n    def f(self): ...\n"),
        ("#why\nx = 1\n", (1, 1), "E265 block comment should start with '# '", "# why\nx = 1\n"),
        ("x = 1 # why\n", (1, 6), "E261 at least two spaces before inline comment", "x = 1  # why\n"),
        ("x = 1  #why\n", (1, 8), "E262 inline comment should start with '# '", "x = 1  # why\n"),
        ("x = [1,2]\n", (1, 7), "E231 missing whitespace after ','", "x = [1, 2]\n"),
        ("x = 'a,b'\n", (1, 7), "E231 missing whitespace after ','", ""),
    ],
)  # fmt: skip
def test_without_a_formatter_lines_and_comments_are_spaced(
    text: str, place: tuple[int, int], said: str, mended: str, tmp_path: Path
) -> None:
    """flake8 7.5 with pycodestyle 2.15."""
    view = RepositoryView(root=write(tmp_path, {"a.py": text}))
    failures = judge_output(f"a.py:{place[0]}:{place[1]}: {said}\n", "", exit_code=1, check=CheckKind.LINT, view=view)
    fixes = plan_fixes(failures, view, Autofix(), command="flake8")
    assert [edited(fixes, change.path) for change in fixes.edits] == [mended] * bool(mended)


def test_without_a_formatter_white_space_is_mended_outside_strings(tmp_path: Path) -> None:
    files = {"a.py": 'x = 1  \ny = """a  \nb"""\nz = 2'}
    failures = (
        trivial("flake8", "W291", "a.py", 1),
        trivial("flake8", "W291", "a.py", 2),
        trivial("flake8", "W292", "a.py", 4),
    )
    fixes = plan(tmp_path, files, *failures)
    assert edited(fixes, "a.py") == 'x = 1\ny = """a  \nb"""\nz = 2\n'
    assert [failure.line for failure in fixes.unfixable] == [2]


@pytest.mark.parametrize(
    ("code", "column", "line", "mended"),
    [
        ("W605", 6, 'x = "\\d+\\n"', 'x = "\\\\d+\\n"'),
        ("F541", 5, 'x = f"plain"', 'x = "plain"'),
        ("F541", 5, 'x = f"{{a}}"', None),
        ("W605", 5, 'x = "\\d"', None),
    ],
)
def test_without_ruff_a_string_is_mended_where_its_value_stays(
    code: str, column: int, line: str, mended: str | None, tmp_path: Path
) -> None:
    failure = replace(trivial("flake8", code, "a.py", 1), column=column)
    fixes = plan(tmp_path, {"a.py": f"{line}\n"}, failure)
    assert [edited(fixes, "a.py")] == [f"{mended}\n"] if mended else fixes.unfixable == (failure,)
