"""Lines of the socket as commands: the plain classes of `control.protocol`, checked by msgspec."""

import json
from typing import Any, get_args

import msgspec

from costtop.control.protocol import Command
from costtop.errors import UsageError


def _checked(form: type[Command]) -> type[msgspec.Struct]:
    """A struct with the command's fields and defaults, which msgspec can fill."""
    fields = [
        (name, kind, vars(form)[name]) if name in vars(form) else (name, kind)
        for name, kind in form.__annotations__.items()
    ]
    return msgspec.defstruct(form.__name__, fields)


_FORMS = {form.do: (form, _checked(form)) for form in get_args(Command)}


def decoded(line: bytes) -> dict[str, Any] | None:
    """The tree of a line that is a command; None for a call record, good or bad."""
    if b'"do"' not in line:
        return None
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) and "do" in tree else None


def command(tree: dict[str, Any]) -> Command:
    """The command in a decoded line; raises UsageError naming what is wrong."""
    verb = tree["do"]
    if verb not in _FORMS if isinstance(verb, str) else True:
        raise UsageError(f"unknown command {verb!r}; one of {', '.join(_FORMS)}")
    form, checked = _FORMS[verb]
    try:
        found = msgspec.convert(tree, checked)
    except msgspec.ValidationError as error:
        raise UsageError(f"{verb}: {error}") from None
    made: Command = form(**msgspec.structs.asdict(found))
    return made
