"""What a file is, by its path alone: as the usual runners and conventions of the languages name things."""

from __future__ import annotations

import re

_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?|e2e)/"
    r"|(?:^|/)(?:test_[^/]*|conftest\.py)$"
    r"|[._-](?:test|spec)\.\w+$"
)


def is_test(path: str) -> bool:
    """Whether a file of the repository belongs to its tests.

    ``path``: relative, with ``/``. By folder (``tests/``, ``__tests__/``, ``spec/``, ``e2e/``) or by name
    (``test_x.py``, ``x_test.go``, ``x.spec.ts``, ``conftest.py``). A hint for ranking and reading, never what the gate
    protects: that is ``test_files`` of config/gates.yaml.
    """
    return _TEST.search(path) is not None
