"""Prints the installed packages that the image does without: the lock holds those of development and the demo too."""

from importlib.metadata import distribution, distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PRODUCT = "netbox-sync-dagster"
EXTRAS = frozenset({"objectstore", "postgres", "docker-runs", "kubernetes"})


def needed() -> set[str]:
    """The product with these extras, and whatever that needs. Raises PackageNotFoundError where some is missing."""
    done: set[tuple[str, frozenset[str]]] = set()
    left = [(PRODUCT, EXTRAS)]
    while left:
        item = left.pop()
        if item in done:
            continue
        done.add(item)
        name, extras = item
        for text in distribution(name).requires or []:
            wanted = Requirement(text)
            if wanted.marker is None or any(
                wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                left.append((canonicalize_name(wanted.name), frozenset(wanted.extras)))
    return {name for name, _ in done}


def unneeded() -> list[str]:
    """Names of distributions, in order."""
    there = {canonicalize_name(found.name) for found in distributions()}
    return sorted(there - needed() - {"pip"})


if __name__ == "__main__":
    print("\n".join(unneeded()))
