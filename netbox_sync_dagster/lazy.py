"""Imports at first use, so that a command loads only what it needs: DuckDB and Arrow alone take a third of a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from threading import get_ident
from types import ModuleType
from typing import Any


class _LazyModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        # Not kept: a test may replace an attribute of the module.
        module = import_module(self.__name__)
        if self.__name__ == "pyarrow":
            _make_first_array()
        return getattr(module, name)


class _NoPandas:
    """Finds no pandas for one thread."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """As for ``sys.meta_path``: None leaves a module to the other finders."""
        if name == "pandas" and get_ident() == self._thread:
            raise ModuleNotFoundError(name)


@cache
def _make_first_array() -> None:
    """Make pyarrow's first array where it finds no pandas.

    It loads pandas with its first array, to recognize arrays of pandas, which takes a quarter of a second in every
    process. Without it they are recognized by their methods, and ``to_pandas`` loads pandas when it is called.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        import_module("pyarrow").array([0])
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]


def lazy_module(name: str) -> ModuleType:
    """The module ``name``, imported when one of its attributes is read.

    Beside it, ``if TYPE_CHECKING: import name`` shows its types to mypy.
    """
    if name == "pyarrow" and name in sys.modules:
        _make_first_array()
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
