"""Names that are nowhere are told of before the gate; whatever cannot be seen whole keeps the check silent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.domain.failure import Category
from orchestrator.failures.existence import check_existence
from orchestrator.failures.view import RepositoryView

SHOP = {
    "shop/__init__.py": "",
    "shop/cart.py": (
        "from enum import Enum\n\n\nclass Size(Enum):\n    SMALL = 1\n\n\n"
        "class Cart:\n    def __init__(self, owner):\n        self.owner = owner\n        self.lines = []\n\n"
        "    def total(self, *, currency='EUR'):\n        return sum(self.lines), currency\n\n\n"
        "def make_cart(owner, limit=None):\n    return Cart(owner)\n"
    ),
    "shop/loose.py": "def __getattr__(name):\n    return name\n",
    "shop/open.py": "class Open:\n    def __getattr__(self, name):\n        return name\n",
}


def tell(
    folder: Path, files: Mapping[str, str], path: str, text: str, *, environment: tuple[Path, ...] = ()
) -> list[str]:
    """``code symbol`` of each failure where the change adds that file."""
    for name, content in {**files, path: text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    lines = text.splitlines()
    diff = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)
    view = RepositoryView(
        root=folder, files=tuple(sorted({*files, path})), environment=environment, diff=diff, files_changed=(path,)
    )
    failures = check_existence(view)
    assert all(failure.category is Category.HALLUCINATION and failure.tool == "existence" for failure in failures)
    return [f"{failure.code} {failure.symbol}" for failure in failures]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from shop.cart import make_basket\n", "unknown-export make_basket"),
        ("from shop.basket import make\n", "unknown-module shop.basket"),
        ("from . import checkout\n", "unknown-export checkout"),
        ("import shop.cart\n\nshop.cart.build_cart()\n", "unknown-attribute build_cart"),
        ("import hashlib\n\nhashlib.sha256_hex(b'')\n", "unknown-attribute sha256_hex"),
        ("def f():\n    import re\n\n    return re.find_all('a', 'b')\n", "unknown-attribute find_all"),
        ("from collections import OrderedDefaultDict\n", "unknown-export OrderedDefaultDict"),
        ("from shop.cart import Cart\n\nCart('me').checkout_all()\n", "unknown-attribute checkout_all"),
        (
            "from shop.cart import Cart\n\n\ndef f(cart: Cart):\n    return cart.grand_total\n",
            "unknown-attribute grand_total",
        ),
        ("from shop.cart import make_cart\n\nmake_cart('me', maximum=3)\n", "unknown-keyword maximum"),
        ("from shop.cart import Cart\n\nCart('me').total(unit='EUR')\n", "unknown-keyword unit"),
        ("class A:\n    def f(self):\n        return self.measure_it()\n", "unknown-attribute measure_it"),
        ("def f(items):\n    return normalise_all(items)\n", "undefined-name normalise_all"),
        ("'abc'.trim_all()\n", "unknown-attribute trim_all"),
        ("import hashlib\n\n\ndef f() -> hashlib._Hash: ...\n", "unknown-attribute _Hash"),
        (
            "from __future__ import annotations\n\nimport json\n\n\ndef f(a: json.Reader) -> None: ...\n",
            "unknown-attribute Reader",
        ),
    ],
)  # fmt: skip
def test_an_invented_python_name_is_told_of(tmp_path: Path, text: str, expected: str) -> None:
    assert tell(tmp_path, SHOP, "shop/new.py", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "from shop.cart import Cart, Size, make_cart\n\nmake_cart('me', limit=1).lines\nSize.SMALL.value\n",
        "try:\n    from shop.cart import fast_cart\nexcept ImportError:\n    fast_cart = None\n",
        "from shop.loose import anything\nfrom shop import loose\n\nloose.whatever\n",
        "from shop.open import Open\n\nOpen().anything\n",
        "import sys\n\nif sys.version_info >= (3, 14):\n    from shop.cart import later\n",
        (
            "import sys\nimport typing\n\n\ndef f(x):\n    if sys.version_info < (3, 99):\n        return x\n"
            "    while isinstance(x, typing.TypeOfLater):\n        x = x.value\n"
        ),
        "from shop.cart import Cart\n\ncart = Cart('me')\ncart.note = 1\nprint(cart.note)\n",
        "from shop.cart import Cart\n\nif hasattr(Cart, 'weigh'):\n    Cart.weigh()\n",
        "from pathlib import Path\nfrom unittest.mock import Mock\n\nMock().anything(Path('a').stem)\n",
        "def f(self):\n    return self.whatever\n",
        "class PriceMixin:\n    def f(self):\n        return self.price_of_host\n",
        "import collections\n\ncollections.abc.Mapping\nprint(__file__, __name__)\n",
        "import some_package_of_an_unknown_environment\n",
        "from shop.cart import *\n\nwhatever_it_brings()\n",
        # typeshed's own names and a newer grammar's nodes, in annotations that are never evaluated
        "from __future__ import annotations\n\nimport hashlib\n\n\ndef f() -> hashlib._Hash: ...\n",
        "from __future__ import annotations\n\nimport ast\n\n\ndef f(node: ast.TypeOfLater) -> None: ...\n",
    ],
)
def test_what_exists_or_cannot_be_seen_whole_is_left_alone(tmp_path: Path, text: str) -> None:
    assert tell(tmp_path, SHOP, "shop/new.py", text) == []


def test_a_package_neither_installed_nor_declared(tmp_path: Path) -> None:
    site = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    (site / "solid").mkdir(parents=True)
    (site / "solid" / "__init__.py").write_text("VERSION = 1\n")
    (site / "solid-1.dist-info").mkdir()
    metadata = "Name: solid\nRequires-Dist: Real-Extra>=2; extra == 'all'\n\nRequires-Dist: told-in-prose\n"
    (site / "solid-1.dist-info" / "METADATA").write_text(metadata)
    files = {**SHOP, "requirements.txt": "declared-one>=1\n"}
    modules = ("solid", "declared_one", "real_extra", "ultradict", "told_in_prose")
    text = "".join(f"import {name}\n" for name in modules) + "\nsolid.VERSION\nsolid.invented_member\n"
    told = tell(tmp_path / "tree", files, "shop/new.py", text, environment=(site,))
    assert told == ["unknown-package ultradict", "unknown-package told_in_prose", "unknown-attribute invented_member"]


def test_only_added_lines_are_asked_and_each_symbol_once(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("import re\n\nre.old_invention\nre.new_invention\nre.new_invention\n")
    diff = "--- a/old.py\n+++ b/old.py\n@@ -3,0 +4,2 @@\n+re.new_invention\n+re.new_invention\n"
    view = RepositoryView(root=tmp_path, files=("old.py",), diff=diff, files_changed=("old.py",))
    assert [(failure.symbol, failure.line) for failure in check_existence(view)] == [("new_invention", 4)]
    assert check_existence(view, asked={"new_invention"}) == ()


def test_the_nearest_real_names_are_named(tmp_path: Path) -> None:
    tell(tmp_path, SHOP, "shop/new.py", "")
    diff = "--- /dev/null\n+++ b/shop/new.py\n@@ -0,0 +1,1 @@\n+from shop.cart import make_carts\n"
    (tmp_path / "shop" / "new.py").write_text("from shop.cart import make_carts\n")
    view = RepositoryView(root=tmp_path, files=(*SHOP, "shop/new.py"), diff=diff, files_changed=("shop/new.py",))
    assert check_existence(view)[0].suggestions[0] == "make_cart"


def test_a_star_brings_what_all_lists(tmp_path: Path) -> None:
    """``from .middle import *`` does not bring a name that ``middle`` imported for itself under the same alias."""
    tree = {
        "graph/__init__.py": "from graph.middle import *\nfrom graph.paths import *\n",
        "graph/middle.py": (
            "from graph.inner import _basic as path\n\n__all__ = ['middle']\n\n\ndef middle():\n    path(1)\n"
        ),
        "graph/inner.py": "def _basic(graph):\n    return graph\n",
        "graph/paths.py": "__all__ = ['path']\n\n\ndef path(graph, weight):\n    return weight\n",
    }
    text = "import graph\n\ngraph.path(1, weight=2)\ngraph.path(1, colour=2)\n"
    assert tell(tmp_path, tree, "use.py", text) == ["unknown-keyword colour"]
