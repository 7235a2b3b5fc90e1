"""The rulebooks of the three towns of the demonstration, kept as files beside this one."""

from importlib.resources import files

from ledger.identifiers import Commune, Version, is_slug

SUFFIX = ".toml"


def communes() -> tuple[Commune, ...]:
    """The towns that come with Ardoise, in alphabetical order."""
    return tuple(
        Commune(name)
        for name in sorted(entry.name for entry in files(__name__).iterdir() if entry.is_dir())
        if is_slug(name)
    )


def town_files() -> list[tuple[Commune, Version, str]]:
    """Every rulebook that comes with Ardoise: the town, the version and the text, oldest version first."""
    return [(commune, version, text) for commune in communes() for version, text in _versions(commune)]


def load(commune: Commune) -> list[str]:
    """The texts of a town's rulebooks, oldest version first; none for a town that is not ours."""
    return [text for _, text in _versions(commune)] if commune in communes() else []


def _versions(commune: Commune) -> list[tuple[Version, str]]:
    found = [entry for entry in files(__name__).joinpath(commune).iterdir() if entry.name.endswith(SUFFIX)]
    return [
        (Version(entry.name.removesuffix(SUFFIX)), entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    ]
