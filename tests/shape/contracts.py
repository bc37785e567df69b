"""That .importlinter draws the whole house: no package without a contract, no contract for a package nobody knows."""

from configparser import ConfigParser
from pathlib import Path

Contract = dict[str, list[str]]

NOT_LAYERED_INSIDE = {"web", "management", "providers", "bots", "cli", "embedded", "postgresql"}
"""Packages that are built otherwise inside: the faces of the web, the folders of vendors, commands."""


def contracts(root: Path) -> dict[str, Contract]:
    """Contract id -> option -> its words, without the brackets of optional layers and the bars between siblings."""
    config = ConfigParser()
    config.read_string((root / ".importlinter").read_text(encoding="utf-8"))
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): {option: _words(value) for option, value in config[section].items()}
        for section in config.sections()
        if section.startswith(prefix)
    }


def _words(value: str) -> list[str]:
    return [word.strip(" ()") for line in value.splitlines() for word in line.split("|") if word.strip()]


def packages(root: Path) -> list[str]:
    """The packages of the product that stand: folders with Python files in them."""
    house = root / "src/treff"
    return sorted(p.name for p in house.iterdir() if p.is_dir() and any(p.rglob("*.py")))


def uncovered(root: Path) -> list[str]:
    """Packages without a layer or a contract for their inside, and names in contracts that no layer knows."""
    drawn = contracts(root)
    layers = drawn["packages"]["layers"]
    inside = [c.removeprefix("treff.") for contract in drawn.values() for c in contract.get("containers", [])]
    found = []
    for package in packages(root):
        if package not in layers:
            found.append(f"src/treff/{package} stands in no layer of .importlinter")
        elif package not in NOT_LAYERED_INSIDE and inside.count(package) != 1:
            found.append(f"src/treff/{package} is a container of {inside.count(package)} contracts; one is right")
    return found + _unknown(drawn, layers)


def _unknown(drawn: dict[str, Contract], layers: list[str]) -> list[str]:
    found = []
    for identity, contract in drawn.items():
        for option in ("containers", "modules", "source_modules", "forbidden_modules", "allowed_importers"):
            for name in contract.get(option, []):
                package = name.removeprefix("treff.").split(".")[0]
                if name.startswith("treff.") and package not in (*layers, "*"):
                    found.append(f".importlinter, {identity}: nobody knows {name}")
    return found


def without_init(root: Path) -> list[str]:
    """Folders with Python files but no __init__.py: neither import-linter nor mypy looks into them."""
    folders = {p.parent for p in (root / "src").rglob("*.py")}
    return [
        f"{f.relative_to(root)} has no __init__.py"
        for f in sorted(folders - {root / "src"})
        if not (f / "__init__.py").is_file()
    ]
