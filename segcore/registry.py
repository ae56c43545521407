"""Plug-ins: classes found by importing every module of a package, so that adding one means adding one file."""
from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from segcore.params import make_params


class Plugin:
    """What every plug-in declares. The first line of the class docstring is its tooltip; `Params` makes its form."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    order: ClassVar[int] = 100

    @dataclass
    class Params:
        """No options."""

    def __init__(self, **params: Any) -> None:
        self.params = make_params(self.Params, params)

    @classmethod
    def summary(cls) -> str:
        """One sentence on what it does: the first paragraph of its docstring."""
        return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


T = TypeVar("T", bound=Plugin)


class Registry(Generic[T]):
    """Name -> plug-in class. The package is imported at first use, one module per plug-in; iteration follows `order`."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._items: dict[str, type[T]] = {}
        self._loaded = False

    def add(self, cls: type[T]) -> type[T]:
        """Class decorator; `cls.name` is the key. Raises ValueError for a second class of the same name."""
        if cls.name in self._items:
            raise ValueError(f"{cls.name!r} is already registered in {self._package}")
        self._items[cls.name] = cls
        return cls

    def __getitem__(self, name: str) -> type[T]:
        self._load()
        try:
            return self._items[name]
        except KeyError:
            raise KeyError(f"There is no {name!r} in {self._package}; there are: {', '.join(sorted(self._items))}.") from None

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._items

    def __iter__(self) -> Iterator[type[T]]:
        self._load()
        return iter(sorted(self._items.values(), key=lambda c: (c.order, c.name)))

    def __len__(self) -> int:
        self._load()
        return len(self._items)

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                if not module.ispkg:
                    importlib.import_module(f"{self._package}.{module.name}")
