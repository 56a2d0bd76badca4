"""Every dependency is declared, explained and locked; the product imports nothing else."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.project.repository import ROOT, package_names, pyproject

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def imported_by_the_product() -> set[str]:
    """Top-level names of every module that sidecar/ imports."""
    names: set[str] = set()
    for path in (ROOT / "sidecar").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(), path)):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names


def used() -> set[str]:
    """The packages that the product's imports come from."""
    foreign = imported_by_the_product() - set(sys.stdlib_module_names) - {"sidecar"}
    distributions = packages_distributions()
    packages = package_names([distributions[name][0] for name in foreign])
    return packages - {"pydantic-core"}  # the compiled half of pydantic, pinned by it


def declared() -> set[str]:
    return package_names(pyproject()["project"]["dependencies"])


def test_the_product_imports_only_what_it_declares() -> None:
    assert used() <= declared()


def test_the_product_declares_only_what_it_imports() -> None:
    assert declared() <= used()


def test_the_product_never_imports_the_telephones_of_the_tests() -> None:
    assert not imported_by_the_product() & {"pyVoIP", "baresip", "sipmessage"}


def test_every_dependency_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    extras = pyproject()["project"]["optional-dependencies"].values()
    wanted = declared().union(*(package_names(extra) for extra in extras)) - {"consent-sidecar"}

    named = package_names(re.findall(r"`([A-Za-z0-9_.-]+)`", explained))

    assert wanted <= named


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_every_package_by_hash_and_names_no_index(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())

    assert entries
    assert all(re.match(r"[a-z0-9.-]+==\S+", entry) for entry in entries)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_the_locks_agree_with_each_other() -> None:
    pins: dict[str, set[str]] = {}
    for name in ("build.lock", "run.lock", "dev.lock"):
        text = (ROOT / "requirements" / name).read_text()
        for package, version in re.findall(r"^([a-z0-9.-]+==)([^ ]+.*?) *\\$", text, re.MULTILINE):
            marker = version.partition(";")[2]
            pins.setdefault(package + marker, set()).add(version)

    assert {package: found for package, found in pins.items() if len(found) > 1} == {}


def test_every_declared_package_is_locked() -> None:
    locked = package_names((ROOT / "requirements" / "run.lock").read_text().splitlines())

    assert declared() <= locked
