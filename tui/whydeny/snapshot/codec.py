"""The model's dataclasses as JSON and back, by their own type hints.

Fields that have their default are left out, so that a snapshot says only what its inputs said and a later
version's new fields read as their defaults. What is read is checked against the hints, value by value: a
snapshot from elsewhere is no more trusted than any other file.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, Flag
from functools import cache
from typing import Any, Union, get_args, get_origin

from whydeny.model.errors import WhydenyError
from whydeny.model.safe import safe_text

Read = Callable[[Any, str], Any]


class Malformed(WhydenyError):
    """JSON that is not of the shape that the model has: where, what was expected, what was found."""


def to_json(value: Any) -> Any:
    """The JSON value of a model value (dataclass, enum, datetime, tuple, set, mapping, number, text, None)."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_json(found)
            for field in dataclasses.fields(value)
            if not _is_default(field, found := getattr(value, field.name))
        }
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case frozenset():
            return sorted(map(to_json, value))
        case tuple() | list():
            return [to_json(item) for item in value]
        case Mapping():
            return {str(to_json(key)): to_json(item) for key, item in value.items()}
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} is no value of the model")


def _is_default(field: "dataclasses.Field[Any]", value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return type(value) is type(field.default) and value == field.default
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return False


def from_json(hint: Any, data: Any, where: str) -> Any:
    """The value of type `hint` in `data`; `where` names the place for a message.

    Raises `Malformed` for anything that the hint does not allow. Unknown fields are passed over: a later
    version of the same format may have added some.
    """
    return _reader(hint)(data, where)


def _bad(where: str, wanted: str, data: Any) -> Malformed:
    found = "nothing" if data is None else type(data).__name__
    return Malformed(f"{where}: {wanted} was expected, not {found}")


def _text(data: Any, where: str) -> str:
    if not isinstance(data, str):
        raise _bad(where, "a text", data)
    return safe_text(data)


def _whole(data: Any, where: str) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not -(1 << 128) < data < 1 << 128:
        raise _bad(where, "a whole number", data)
    return data


def _real(data: Any, where: str) -> float:
    if not isinstance(data, int | float) or isinstance(data, bool):
        raise _bad(where, "a number", data)
    return float(data)


def _truth(data: Any, where: str) -> bool:
    if not isinstance(data, bool):
        raise _bad(where, "true or false", data)
    return data


def _moment(data: Any, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(data) if isinstance(data, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _bad(where, "a time", data)
    return moment


def _anything(data: Any, where: str) -> Any:
    match data:
        case str():
            return safe_text(data)
        case list():
            return [_anything(item, where) for item in data]
        case dict():
            return {safe_text(key): _anything(item, where) for key, item in data.items()}
        case _:
            return data


_SIMPLE: dict[Any, Read] = {
    str: _text,
    int: _whole,
    float: _real,
    bool: _truth,
    datetime: _moment,
    Any: _anything,
    object: _anything,
}


@cache
def _reader(hint: Any) -> Read:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        read = _reader(inner)
        return lambda data, where: None if data is None else read(data, where)
    if origin is tuple:
        return _tuple_reader(arguments)
    if origin in (list, frozenset):
        return _list_reader(_reader(arguments[0]), origin)
    if origin in (dict, Mapping):
        return _mapping_reader(arguments[0], _reader(arguments[1]))
    if dataclasses.is_dataclass(hint):
        return _dataclass_reader(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_reader(hint)
    raise TypeError(f"{hint} is no type of the model")


def _items(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise _bad(where, "a list", data)
    return data


def _tuple_reader(arguments: tuple[Any, ...]) -> Read:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda data, where: tuple(read(item, where) for item in _items(data, where))
    readers = [_reader(argument) for argument in arguments]

    def fixed(data: Any, where: str) -> tuple[Any, ...]:
        items = _items(data, where)
        if len(items) != len(readers):
            raise Malformed(f"{where}: {len(readers)} values were expected, not {len(items)}")
        return tuple(read(item, where) for read, item in zip(readers, items, strict=True))

    return fixed


def _list_reader(read: Read, build: Callable[[Any], Any]) -> Read:
    return lambda data, where: build(read(item, where) for item in _items(data, where))


def _mapping_reader(key: Any, read: Read) -> Read:
    def key_of(text: str, where: str) -> Any:
        if key is not int:
            return _reader(key)(text, where)
        if not text.isascii() or not text.isdigit() or len(text) > 39:
            raise _bad(where, "a number as key", text)
        return int(text)

    def mapping(data: Any, where: str) -> dict[Any, Any]:
        if not isinstance(data, dict):
            raise _bad(where, "a mapping", data)
        return {key_of(name, where): read(item, f"{where}.{safe_text(name, 60)}") for name, item in data.items()}

    return mapping


def _enum_reader(kind: type[Enum]) -> Read:
    def one(data: Any, where: str) -> Enum:
        wanted = int if issubclass(kind, Flag) else str
        if not isinstance(data, wanted) or isinstance(data, bool):
            raise _bad(where, f"a {kind.__name__}", data)
        try:
            return kind(data)
        except ValueError:
            raise Malformed(f"{where}: “{safe_text(str(data), 60)}” is no {kind.__name__}") from None

    return one


def _dataclass_reader(kind: Any) -> Read:
    state: dict[str, tuple[Read, bool]] = {}

    def fields() -> dict[str, tuple[Read, bool]]:
        if not state:  # later, so that a class may hold itself
            hints = typing.get_type_hints(kind)
            for field in dataclasses.fields(kind):
                needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
                state[field.name] = (_reader(hints[field.name]), needed)
        return state

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, dict):
            raise _bad(where, f"a {kind.__name__}", data)
        found = {}
        for name, (one, needed) in fields().items():
            if name in data:
                found[name] = one(data[name], f"{where}.{name}")
            elif needed:
                raise Malformed(f"{where}: the {kind.__name__} has no {name}")
        return kind(**found)

    return read
