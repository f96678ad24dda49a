"""Frozen dataclasses stored as JSON with a version: what is read back is what was stored, or is refused. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
StoredT = TypeVar("StoredT", bound="StoredData")


class UnreadableData(ValueError):
    """Stored data are of another version or shape. The text says where and what was expected."""


@dataclass(frozen=True)
class StoredData:
    """Base of what is stored in a JSON column. Fields that have their default are left out.

    `VERSION` changes with the meaning of a field; a migration then converts what is stored. An empty object has no
    version: nothing was stored yet, and every field has its default.
    """

    VERSION: ClassVar[int] = 1

    def as_json(self) -> dict[str, Any]:
        return {"version": self.VERSION, **_fields_as_json(self)}

    def with_values_of(self, other: Self, names: Iterable[str]) -> Self:
        """A copy with the values that `other` has for the fields among these names."""
        known = {each.name for each in fields(self)}
        return replace(self, **{name: getattr(other, name) for name in names if name in known})

    def without(self, names: Iterable[str]) -> Self:
        """A copy in which the fields among these names have their default."""
        return self.with_values_of(type(self)(), names)

    @classmethod
    def from_json(cls, stored: object) -> Self:
        """Raises UnreadableData unless `stored` is what `as_json` of this version returned."""
        if not isinstance(stored, Mapping):
            raise UnreadableData(f"{cls.__name__}: expected an object, found {stored!r}")
        if stored and stored.get("version") != cls.VERSION:
            raise UnreadableData(
                f"{cls.__name__}: expected version {cls.VERSION}, found {stored.get('version')!r}"
            )
        values = {name: value for name, value in stored.items() if name != "version"}
        return _read_fields(cls, values, cls.__name__)


class TypedColumn(Generic[StoredT]):
    """A model's JSON column, read and set as one dataclass."""

    def __init__(self, column: str, stored_type: type[StoredT]) -> None:
        self.column, self.stored_type = column, stored_type

    def __get__(self, row: object, _owner: object) -> StoredT:
        return self.stored_type.from_json(getattr(row, self.column))

    def __set__(self, row: object, value: StoredT) -> None:
        setattr(row, self.column, value.as_json())


def _fields_as_json(value: object) -> dict[str, Any]:
    assert is_dataclass(value)
    stored = [(each, getattr(value, each.name)) for each in fields(value)]
    return {each.name: _as_json(own) for each, own in stored if own != _default_of(each)}


def _default_of(each: Field[Any]) -> object:
    return each.default_factory() if each.default_factory is not MISSING else each.default


def _as_json(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if _is_named_tuple(type(value)):
        value = cast("Any", value)._asdict()
    if isinstance(value, Mapping):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    return _fields_as_json(value) if is_dataclass(value) else value


@cache
def _hints(wanted: Hashable) -> Mapping[str, Any]:
    """The types of the fields of a dataclass or named tuple, those behind a NewType."""
    hints = {name: hint for name, hint in get_type_hints(wanted).items() if get_origin(hint) is not ClassVar}
    return {name: getattr(hint, "__supertype__", hint) for name, hint in hints.items()}


def _required(wanted: Any) -> list[str]:  # noqa: ANN401  # a dataclass or named tuple
    if _is_named_tuple(wanted):
        return [name for name in wanted._fields if name not in wanted._field_defaults]
    return [each.name for each in fields(wanted) if _default_of(each) is MISSING]


def _read_fields(wanted: type[T], stored: object, path: str) -> T:
    values, hints = _expect(dict, stored, path), _hints(cast("Hashable", wanted))
    for name in values:
        if name not in hints:
            raise UnreadableData(f"{path}: unknown field {name!r}")
    for name in _required(wanted):
        if name not in values:
            raise UnreadableData(f"{path}: field {name!r} is missing")
    return wanted(**{name: _read(hints[name], value, f"{path}.{name}") for name, value in values.items()})


def _read(wanted: Any, stored: object, path: str) -> object:  # noqa: ANN401  # a type as a field names it
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is UnionType:
        (other,) = (each for each in arguments if each is not NoneType)
        return None if stored is None else _read(other, stored, path)
    if origin is tuple:
        rows = _expect(list, stored, path)
        return tuple(_read(arguments[0], each, f"{path}[{n}]") for n, each in enumerate(rows))
    if origin is not None:  # a mapping with texts as keys
        values = _expect(dict, stored, path)
        return {name: _read(arguments[1], each, f"{path}.{name}") for name, each in values.items()}
    if is_dataclass(wanted) or _is_named_tuple(wanted):
        return _read_fields(wanted, stored, path)
    return _read_plain(wanted, stored, path)


def _is_named_tuple(wanted: type) -> bool:
    """For choices."""
    return issubclass(wanted, tuple) and hasattr(wanted, "_fields")


_PARSERS: dict[type, Callable[[str], object]] = {datetime: datetime.fromisoformat}


def _read_plain(wanted: type, stored: object, path: str) -> object:
    if wanted is object:
        return stored
    if wanted not in _PARSERS and not issubclass(wanted, Enum):
        return _expect(wanted, stored, path)
    text = _expect(str, stored, path)
    try:
        return _PARSERS.get(wanted, wanted)(text)
    except ValueError as error:
        raise UnreadableData(f"{path}: {text!r} is no {wanted.__name__}") from error


def _expect(wanted: type[T], stored: object, path: str) -> T:
    if type(stored) is not wanted:
        raise UnreadableData(f"{path}: expected {wanted.__name__}, found {stored!r}")
    return stored
