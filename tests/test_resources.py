"""The shipped folders are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import resources
from orchestrator.domain.errors import OrchestrateError


def test_a_checkout_uses_the_folders_at_its_top() -> None:
    top = Path(resources.__file__).resolve().parents[1]
    assert resources.prompts_dir() == top / "prompts"
    assert (resources.prompts_dir() / "architect.md").is_file()


def test_an_installed_package_uses_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "orchestrator"
    for folder in ("config", "prompts", "examples/pilot"):
        (package / "_data" / folder).mkdir(parents=True)
    (package.parent / "prompts").mkdir()  # some other package's folder beside ours must not win
    monkeypatch.setattr(resources, "PACKAGE", package)
    monkeypatch.setattr(resources, "PACKAGE_DATA", package / "_data")
    assert resources.config_dir() == package / "_data" / "config"
    assert resources.prompts_dir() == package / "_data" / "prompts"
    assert resources.pilot_dir() == package / "_data" / "examples" / "pilot"


def test_a_broken_installation_says_how_to_mend_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "orchestrator")
    monkeypatch.setattr(resources, "PACKAGE_DATA", tmp_path / "orchestrator" / "_data")
    with pytest.raises(OrchestrateError, match="config/") as error:
        resources.config_dir()
    assert "reinstall" in error.value.hint
    assert error.value.slug == "installation"
