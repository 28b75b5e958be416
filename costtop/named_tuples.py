"""Tuples with named fields, declared as `typing.NamedTuple` is, and made in a tenth of its time.

`typing` compiles a constructor for each class and looks at each annotation: 0.1 to 0.25 ms a class,
of which a quick command loads seventy and makes values of ten. Here a class gets its constructor
when its first value is made; its values are then as quick as those of `typing`, and used alike.
"""

from collections import _tuplegetter  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, ClassVar, Self


class _Fields(tuple[Any, ...]):
    """What all of them have in common."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _field_defaults: ClassVar[dict[str, Any]] = {}

    def __new__(cls, *given: Any, **named: Any) -> Self:
        """The first value of a class: from now on its own constructor makes them."""
        own = next(one for one in cls.__mro__ if "_fields" in vars(one))
        made = _constructor(own)
        own.__new__ = staticmethod(made)  # type: ignore[method-assign]
        return made(cls, *given, **named)  # type: ignore[no-any-return]

    @classmethod
    def _make(cls, given: Iterable[Any]) -> Self:
        made = tuple.__new__(cls, given)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **named: Any) -> Self:
        made = self._make(map(named.pop, self._fields, self))
        if named:
            raise ValueError(f"Got unexpected field names: {list(named)!r}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        fields = (f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({', '.join(fields)})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


def _constructor(of: type[_Fields]) -> Callable[..., Any]:
    """One that takes the fields by place or name, as `collections.namedtuple` makes it."""
    names = ", ".join(of._fields)
    code = f"lambda _cls, {names}: _new(_cls, ({names},))"
    scope = {"_new": tuple.__new__, "__builtins__": {}, "__name__": of.__module__}
    made: Any = eval(code, scope)  # noqa: S307 - of names of fields, as `namedtuple` does
    made.__defaults__ = tuple(of._field_defaults.values()) or None
    made.__name__, made.__qualname__ = "__new__", f"{of.__qualname__}.__new__"
    return made  # type: ignore[no-any-return]


def _annotated(body: dict[str, Any]) -> tuple[str, ...]:
    """The names with an annotation in the body of a class; from 3.14 on a function tells them."""
    if "__annotations__" in body:
        return tuple(body["__annotations__"])
    try:
        import annotationlib as lib  # type: ignore[import-not-found]
    except ImportError:
        return ()
    found = lib.get_annotate_from_class_namespace(body)
    return tuple(lib.call_annotate_function(found, lib.Format.STRING)) if found else ()


class _Maker(type):
    """Makes of the body of a class with annotations the tuple with these fields."""

    def __new__(meta, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        fields = _annotated(body)
        defaults = {field: body.pop(field) for field in fields if field in body}
        if bad := [one for one in fields if one.startswith("_") or iskeyword(one)]:
            raise TypeError(f"no names of fields: {', '.join(bad)}")
        if list(defaults) != list(fields[len(fields) - len(defaults) :]):
            raise TypeError(f"fields without a default follow those with one: {name}")
        others = tuple(base for base in bases if base is not _DECLARED)
        for base in others:  # Generic, whose subscript goes before the tuple's
            body["__class_getitem__"] = vars(base)["__class_getitem__"]  # from 3.12 on C's
        body |= {"__slots__": (), "_fields": fields, "__match_args__": fields}
        body["_field_defaults"] = defaults
        body |= {field: _tuplegetter(nth, "") for nth, field in enumerate(fields)}
        return type(name, (_Fields, *others), body)


_DECLARED: Any = type.__new__(_Maker, "NamedTuple", (), {})

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - handed on
else:

    class _Declaring:
        """Stands in the list of bases; the class is made by another one."""

        def __mro_entries__(self, bases):
            return (_DECLARED,)

    NamedTuple = _Declaring()
