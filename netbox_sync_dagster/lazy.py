"""Imports at first use, so that a command loads only what it needs: DuckDB and Arrow alone take a third of a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


class _LazyModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        # Not kept: a test may replace an attribute of the module.
        return getattr(import_module(self.__name__), name)


def lazy_module(name: str) -> ModuleType:
    """The module ``name``, imported when one of its attributes is read.

    Beside it, ``if TYPE_CHECKING: import name`` shows its types to mypy.
    """
    return sys.modules.get(name) or _LazyModule(name)


def lazy_names(package: str, names: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """``__getattr__`` of a package whose names are imported at first use.

    ``names``: {module: the names that the package takes from it}; none may be the name of a submodule, which hides it.
    """
    module_of = {name: module for module, of_module in names.items() for name in of_module}

    def find(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(module_of[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
