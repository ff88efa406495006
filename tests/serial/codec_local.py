"""A compiled module, written by hand, whose functions make classes."""

import abc
import dataclasses
import enum
import functools
import typing

import kwf_runtime.abi as _kwf

CALLS = []


class Base:
    greeting = "hello"

    def greet(self):
        return f"{self.greeting} from base"


class Noticing:
    """Notices its subclasses; a load must not."""

    def __init_subclass__(cls, tag=None, **kwargs):
        CALLS.append(("subclass", cls.__name__))
        cls.tag = tag
        super().__init_subclass__(**kwargs)


class Slim:
    __slots__ = ("one",)

    def __init_subclass__(cls):
        CALLS.append(("subclass", cls.__name__))


class Described:
    def __set_name__(self, owner, name):
        CALLS.append(("set_name", name))
        self.name = name

    def __get__(self, instance, owner):
        return self if instance is None else (self.name, instance)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


@dataclasses.dataclass
class Named:
    name: str
    tags: list = dataclasses.field(default_factory=list)


class Meta(type):
    def __new__(cls, *args):
        CALLS.append(("metaclass", args[0]))
        return type.__new__(cls, *args)


class Special(metaclass=Meta):
    pass


def plain(factor):
    class Local:
        """Doc."""

        limit = 7
        others = []

        def __init__(self, value):
            self.value = value

        def scaled(self):
            return self.value * factor

        def change(self, by):
            nonlocal factor
            factor += by

        @property
        def double(self):
            return self.value * 2

        @double.setter
        def double(self, value):
            self.value = value // 2

        @staticmethod
        def static(n):
            return n + 1

        @classmethod
        def make(cls, value):
            return cls(value)

        @functools.cached_property
        def slow(self):
            return self.value + 100

        def me(self):
            return __class__

        def __eq__(self, other):
            return isinstance(other, Local) and self.value == other.value

        def __hash__(self):
            return hash(self.value)

        def __repr__(self):
            return f"Local({self.value})"

        __str__ = __repr__

    return Local


def family():
    class Parent(Base):
        children = []

        def __init_subclass__(cls):
            cls.children.append(cls)

        def greet(self):
            return "parent, " + super().greet()

    class Child(Parent):
        class Inner:
            pass

        def greet(self):
            return "child, " + super().greet()

    Parent.favourite = Child()
    return Parent, Child


def noticing():
    class Local(Noticing, tag="t"):
        field = Described()

    class Thin(Slim):
        __slots__ = ("two", "__private")

        def __init__(self):
            self.one, self.two, self.__private = 1, 2, 3

        def private(self):
            return self.__private

    return Local, Thin


def error():
    class LocalError(ValueError):
        def __init__(self, code):
            super().__init__(f"code {code}")
            self.code = code

    class MoreError(LocalError, KeyError):
        pass

    return LocalError, MoreError


def builtins():
    class Stack(list):
        def push(self, value):
            self.append(value)

    class Pair(tuple):
        __slots__ = ()

        @property
        def left(self):
            return self[0]

    class Names(dict):
        def __missing__(self, key):
            return key

    class Kept(int):
        pass

    return Stack, Pair, Names, Kept


def abstract():
    class Square(Shape):
        def __init__(self, side):
            self.side = side

        def area(self):
            return self.side**2

    class Part(Shape):
        @property
        @abc.abstractmethod
        def edge(self): ...

    return Square, Part


def generic():
    T = typing.TypeVar("T")

    class Box(typing.Generic[T]):
        def __init__(self, item):
            self.item = item

    return Box


def data():
    @dataclasses.dataclass
    class Item:
        name: str
        price: int = 3
        tags: list = dataclasses.field(default_factory=list, compare=False, repr=False)
        kind: typing.ClassVar[str] = "item"
        start: dataclasses.InitVar[int] = 0
        late: int = dataclasses.field(init=False, default=0, metadata={"unit": "s"})

        def __post_init__(self, start):
            self.late = start

        def cost(self):
            return self.price * 2

    @dataclasses.dataclass(frozen=True, slots=True, order=True)
    class Key:
        left: int
        right: str = dataclasses.field(default="r", kw_only=True)

    @dataclasses.dataclass
    class Special(Named):
        extra: int = 1

    @dataclasses.dataclass(eq=False, repr=False, match_args=False)
    class Bare:
        x: int

    return Item, Key, Special, Bare


def many(n):
    made = []
    for index in range(n):

        class Local:
            number = index

        made.append(Local)
    return made


def refused(how):
    if how == "metaclass":

        class Local(metaclass=Meta):
            pass
    elif how == "enum":

        class Local(enum.Enum):
            ONE = 1
    elif how == "decorated":

        class Local:
            @functools.cache
            def __hash__(self):
                return 1
    elif how == "foreign":

        class Local:
            __hash__ = Base.greet
    elif how == "virtual":

        class Local(abc.ABC):
            pass

        Local.register(int)
    elif how == "made":
        return type("Local", (), {})
    elif how == "lock":

        class Local:
            pass

        import threading

        Local.lock = threading.Lock()
    return Local


_kwf.module(
    __name__, {}, ("abc:ABC", "typing:Generic", "enum:Enum", "functools:cached_property", "typing:")
)
