"""Generic aliases, unions and the objects of typing, as values and as annotations."""

# ruff: noqa: UP006, UP007, UP045  (the old forms are what is tested)
import collections.abc
import dataclasses
import typing

import codec_shop as shop
import pytest
from codec_support import round_trip

from kwf_runtime.errors import DecodeError, UnsavableError
from kwf_runtime.serial import dumps, loads
from kwf_runtime.serial.framing import pack, unpack

T = typing.TypeVar("T", bound=int, covariant=True)


class OwnAlias:
    def __class_getitem__(cls, item):
        raise AssertionError("called")


VALUES = [
    list[int],
    dict[str, list[int]],
    tuple[int, ...],
    tuple[()],
    tuple[int],
    type[shop.Plain],
    int | None,
    list[int] | str | None,
    collections.abc.Callable[[int, str], bool],
    collections.abc.Callable[..., None],
    collections.abc.Mapping[str, int],
    typing.Any,
    typing.Optional,
    typing.Optional[int],
    typing.Union[int, str, None],
    typing.List[int],
    typing.List,
    typing.Dict[str, typing.Any],
    typing.Tuple[int, ...],
    typing.Tuple[()],
    typing.Callable[[int], str],
    typing.Callable[[], None],
    typing.Callable[..., int],
    typing.Literal["a", 1],
    typing.Literal["a"],
    typing.ClassVar[int],
    typing.Final[int],
    typing.Annotated[int, "doc", 5],
    typing.Type[int],
    typing.Iterator[shop.Item],
    typing.Generic,
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_value(value):
    loaded = round_trip(value)
    assert loaded == value
    assert type(loaded) is type(value)
    assert repr(loaded) == repr(value)


def test_type_variable():
    loaded, alias = round_trip([T, list[T]])
    assert (loaded.__name__, loaded.__bound__, loaded.__covariant__) == ("T", int, True)
    assert alias == list[loaded]
    assert alias.__parameters__ == (loaded,)


def test_initvar():
    assert round_trip(dataclasses.InitVar[int]).type is int


def test_annotations_come_back_as_they_were():
    increase, _ = shop.counter(1)
    increase.__annotations__ = {
        "by": int | None,
        "scale": list[shop.Plain],
        "other": typing.Optional[str],
    }
    loaded = round_trip(increase)
    assert loaded.__annotations__ == increase.__annotations__
    increase.__annotations__ = {"by": list[OwnAlias]}
    assert loads(dumps(increase)).__annotations__ == {"by": f"list[{OwnAlias.__module__}.OwnAlias]"}


def test_wrong_aliases():
    for old, new in (
        ("builtins:list", "builtins:len"),
        ("builtins:list", "builtins:int"),
        ("alias", "union"),
    ):
        stream = [
            tuple(new if part == old else part for part in one) if type(one) is tuple else one
            for one in unpack(dumps(list[int]))
        ]
        with pytest.raises(DecodeError):
            loads(pack(stream))
    with pytest.raises(UnsavableError):
        dumps(list[OwnAlias])
