"""Continue: what its editor extension counts itself, and the sessions of its command line.

The extension writes a line a request, with tokens that it counted with a tokenizer of its own: an
estimate without a cache. The command line keeps a session whole, each reply with what the API said
of it; a fork begins with its parent's messages, while its sum is its own, so what exceeds the sum
is the parent's. Neither names a request, and a session tells no time but that of its file.
"""

import msgspec

from costtop.model import Tokens, ToolUse
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, disjoint, folder, inclusive, text
from costtop.sources.fold.fingerprints import asked
from costtop.sources.fold.formats import Log, below, document, lines
from costtop.sources.fold.json_lines import decoded

NAME = "continue"


class _Line(msgspec.Struct, rename="camel"):
    event_name: Loose = None
    timestamp: Loose = None
    model: Loose = None
    provider: Loose = None
    prompt_tokens: Count = None
    generated_tokens: Count = None


class _Cached(msgspec.Struct):
    read: Count = msgspec.field(name="cache_read_tokens", default=None)
    cached: Count = msgspec.field(name="cached_tokens", default=None)
    write: Count = msgspec.field(name="cache_write_tokens", default=None)


class _Used(msgspec.Struct):
    prompt: Count = msgspec.field(name="prompt_tokens", default=None)
    output: Count = msgspec.field(name="completion_tokens", default=None)
    cache: _Cached | None = msgspec.field(name="prompt_tokens_details", default=None)
    model: Loose = None


class _Function(msgspec.Struct):
    name: Loose = None
    arguments: msgspec.Raw = NOTHING


class _Tool(msgspec.Struct):
    function: _Function | None = None


class _Message(msgspec.Struct, rename="camel"):
    usage: _Used | None = None
    tool_calls: list[_Tool] | None = None


class _Item(msgspec.Struct):
    message: _Message | None = None


class _Sum(msgspec.Struct, rename="camel"):
    completion_tokens: Count = None


class _Session(msgspec.Struct, rename="camel"):
    session_id: Loose = None
    workspace_directory: Loose = None
    history: msgspec.Raw = NOTHING
    usage: _Sum | None = None


_LINE = msgspec.json.Decoder(_Line)
_SESSION = msgspec.json.Decoder(_Session)
_ITEM = msgspec.json.Decoder(_Item)


def _line(log: Log, line: _Line) -> None:
    """A request of the extension; it names no session, so those of a day are one."""
    if line.event_name not in (None, "tokensGenerated"):
        return
    day = text(line.timestamp)[:10]
    session = f"editor-{day}" if day else "editor"
    at, tokens = log.at(line.timestamp), inclusive(line.prompt_tokens, output=line.generated_tokens)
    if session != log.session:
        log.remember(session)
        log.about(at, at)
    key = keys.whole(NAME, log.raw, str(log.nth(line.timestamp)))
    log.call(key, line.model, tokens, at, provider=text(line.provider), estimated=True)


def _session(log: Log) -> None:
    """A session of the command line; one of the extension has no sum, its lines tell it."""
    told = decoded(_SESSION, log.raw)
    left = told.usage.completion_tokens or 0 if told.usage else 0
    log.session = text(told.session_id)
    if not log.session or not left:
        return
    at = log.at(log.chunk.written or None)
    log.works_in(folder(told.workspace_directory))
    log.about(at, at)
    own = []
    items = log.members(_ITEM, told.history, b'"usage"')
    for place, message in reversed([(n, x.message) for n, x in enumerate(items)]):
        if message is not None and (used := message.usage) is not None:
            left -= used.output or 0
            if left < 0:
                break
            own.append((place, message, used))
    for place, message, used in reversed(own):
        key = keys.whole(NAME, log.session, str(place))
        log.reply(key, used.model, _tokens(used), at, _tools(message), estimated=not used.cache)


def _tokens(used: _Used) -> Tokens:
    """Of Claude the input stands beside the cache, of others it contains it."""
    cache = used.cache or _Cached()
    read, write = cache.read or cache.cached or 0, cache.write or 0
    if "claude" in text(used.model) or read + write > (used.prompt or 0):
        return disjoint(used.prompt, read, write, used.output)
    return inclusive(used.prompt, read, write, used.output)


def _tools(message: _Message) -> list[tuple[str, ToolUse]]:
    functions = [x.function for x in message.tool_calls or () if x.function]
    return [("", asked(text(x.name), bytes(x.arguments))) for x in functions]


_FOLDER = ("CONTINUE_GLOBAL_DIR", ".continue")
_FILES = ("*/tokensGenerated.jsonl", "tokensGenerated.jsonl")
SOURCE = lines(_LINE, (b'"promptTokens"',), _line).source(
    NAME, "Continue", below(*_FOLDER, "dev_data"), *_FILES
)
SESSIONS = document(_session).source(
    f"{NAME}.json", "Continue, command line", below(*_FOLDER, "sessions"), "*-*.json"
)
