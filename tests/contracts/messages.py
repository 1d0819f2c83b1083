"""The contracts as they are: every Struct, which of them are parts of others, and the golden files that hold them still."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

import groundwork.contracts

GOLDEN = Path(__file__).parent / "golden"
Message = type[msgspec.Struct]


def _all() -> Iterator[Message]:
    for found in pkgutil.iter_modules(groundwork.contracts.__path__):
        module = importlib.import_module(f"groundwork.contracts.{found.name}")
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__:
                yield kind


STRUCTS: tuple[Message, ...] = tuple(sorted(_all(), key=lambda kind: kind.__name__))


def _named_in(kind: msgspec.inspect.Type) -> Iterator[Message]:
    """The Structs that a field's type names."""
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind.cls
    elif isinstance(kind, msgspec.inspect.UnionType):
        for one in kind.types:
            yield from _named_in(one)
    elif isinstance(kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        yield from _named_in(kind.item_type)
    elif isinstance(kind, msgspec.inspect.DictType):
        yield from _named_in(kind.value_type)


def fields_of(kind: Message) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)
    return described.fields


PARTS: frozenset[Message] = frozenset(part for kind in STRUCTS for one in fields_of(kind) for part in _named_in(one.type))
"""Structs that only travel inside others."""

MESSAGES: tuple[Message, ...] = tuple(kind for kind in STRUCTS if kind not in PARTS)


def goldens_of(kind: Message) -> list[Path]:
    """The golden files of `kind`, oldest first: `Push.1.json`, `Push.2.json` ..."""
    found = GOLDEN.glob(f"{kind.__name__}.*.json")
    return sorted(found, key=lambda path: int(path.name.split(".")[1]))
