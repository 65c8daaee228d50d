"""Each of the six import contracts breaks when it should; `make check` runs them on the product."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

CONTRACTS = ROOT / ".importlinter"

# A product in miniature: module, and what it imports.
CLEAN = {
    "cordboard.main": "cordboard.edge.api.app, cordboard.operator.keys",
    "cordboard.operator.keys": "cordboard.organizations.model",
    "cordboard.edge.api.app": "litestar, uvicorn, cordboard.numbers.store",
    "cordboard.edge.cli.app": "cordboard.edge.client",
    "cordboard.edge.client": "aiohttp",
    "cordboard.numbers.model": "cordboard.runtime.ids",
    "cordboard.numbers.store": "cordboard.numbers.model, cordboard.runtime.db.engine",
    "cordboard.organizations.model": "cordboard.runtime.ids",
    "cordboard.runtime.db.engine": "apsw, asyncpg",
    "cordboard.runtime.ids": "secrets",
    "cordboard.runtime.settings": "pydantic_settings",
}

BREAKING = [
    ("ladder", {"cordboard.organizations.model": "cordboard.numbers.model"}),
    ("ladder", {"cordboard.billing.model": "decimal"}),
    (
        "edge",
        {"cordboard.edge.cli.app": "cordboard.edge.dashboard", "cordboard.edge.dashboard": "re"},
    ),
    ("edge", {"cordboard.edge.client": "cordboard.edge.api.app"}),
    ("edge", {"cordboard.edge.stray": "re"}),
    ("models", {"cordboard.numbers.model": "cordboard.runtime.db.engine"}),
    ("models", {"cordboard.numbers.model": "cordboard.numbers.store"}),
    ("models", {"cordboard.organizations.model": "cordboard.runtime.settings"}),
    ("models", {"cordboard.numbers.model.rules": "litestar"}),
    ("frameworks", {"cordboard.numbers.store": "litestar"}),
    ("frameworks", {"cordboard.runtime.ids": "uvicorn"}),
    ("faces", {"cordboard.edge.cli.app": "cordboard.numbers.model"}),
    ("faces", {"cordboard.edge.mcp": "cordboard.runtime.db.engine"}),
    (
        "cycles",
        {
            "cordboard.runtime.db.a": "cordboard.runtime.db.b",
            "cordboard.runtime.db.b": "cordboard.runtime.db.a",
        },
    ),
]


def lay_tree(root: Path, modules: dict[str, str]) -> None:
    """Write the modules below root, each with its imports, and the packages that hold them."""
    packages = {name.rpartition(".")[0] for name in modules}
    for name, imports in modules.items():
        folder = root.joinpath(*name.split("."))
        file = folder / "__init__.py" if name in packages else folder.with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"import {imports}\n")
    for package in [path for path in (root / "cordboard").rglob("*") if path.is_dir()]:
        (package / "__init__.py").touch()
    (root / "cordboard" / "__init__.py").touch()


def broken_contracts(root: Path) -> set[str]:
    """The ids of our contracts that the tree below root breaks, one run for all of them."""
    lint = str(Path(sys.executable).parent / "lint-imports")
    run = subprocess.run(
        [lint, "--no-cache", "--no-logo", str(CONTRACTS)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    names = contract_names()
    lines = run.stdout.splitlines()
    broken = {ident for ident, name in names.items() if f"{name} BROKEN" in lines}
    kept = {ident for ident, name in names.items() if f"{name} KEPT" in lines}
    assert broken | kept == set(names), run.stdout + run.stderr
    assert bool(broken) == bool(run.returncode)
    return broken


def contract_names() -> dict[str, str]:
    """The name of each contract in the file, by its id."""
    parser = configparser.ConfigParser()
    parser.read(CONTRACTS)
    prefix = "importlinter:contract:"
    sections = [section for section in parser.sections() if section.startswith(prefix)]
    return {section.removeprefix(prefix): parser[section]["name"] for section in sections}


def test_a_clean_product_keeps_all_six(tmp_path: Path) -> None:
    lay_tree(tmp_path, CLEAN)
    assert broken_contracts(tmp_path) == set()
    assert len(contract_names()) == 6


@pytest.mark.parametrize(("contract", "change"), BREAKING)
def test_a_forbidden_import_breaks_its_contract(
    contract: str, change: dict[str, str], tmp_path: Path
) -> None:
    lay_tree(tmp_path, CLEAN | change)
    assert contract in broken_contracts(tmp_path)


def test_no_contract_makes_an_exception() -> None:
    assert "ignore_imports" not in {
        line.partition("=")[0].strip() for line in CONTRACTS.read_text("utf-8").splitlines()
    }
