"""The shapes of GitHub Copilot CLI's event log (FORMATS 6). It counts and decides nothing.

No type here has a field for text: arguments and results stay raw JSON that is only hashed.
"""

import msgspec

from costtop.sources.fold.fields import NOTHING, Count, Loose, text


class LogLine(msgspec.Struct):
    """One event."""

    type: Loose = None
    id: Loose = None
    timestamp: Loose = None
    data: msgspec.Raw = NOTHING


class Workspace(msgspec.Struct, rename="camel"):
    """Where a session works."""

    cwd: Loose = None
    git_root: Loose = None
    branch: Loose = None


class Start(msgspec.Struct, rename="camel"):
    """`session.start` and `session.resume`, and what changes the model in between."""

    version: Loose = msgspec.field(name="copilotVersion", default=None)
    selected_model: Loose = None
    new_model: Loose = None
    chosen_model: Loose = None
    context: Workspace | None = None


class ModelRequest(msgspec.Struct):
    """A tool that a reply asks for."""

    id: Loose = msgspec.field(name="toolCallId", default=None)
    name: Loose = None
    arguments: msgspec.Raw = NOTHING


class MessageEvent(msgspec.Struct):
    """`assistant.message`: only its output is counted."""

    id: Loose = msgspec.field(name="messageId", default=None)
    request: Loose = msgspec.field(name="requestId", default=None)
    agent: Loose = msgspec.field(name="parentToolCallId", default=None)
    model: Loose = None
    output: Count = msgspec.field(name="outputTokens", default=None)
    tools: list[ModelRequest] | None = msgspec.field(name="toolRequests", default=None)


class Tool(msgspec.Struct):
    """`tool.execution_complete`."""

    id: Loose = msgspec.field(name="toolCallId", default=None)
    success: Loose = None
    result: msgspec.Raw = NOTHING


class AgentEvent(msgspec.Struct):
    """`subagent.started`: the tool call that it is, and its kind."""

    tool: Loose = msgspec.field(name="toolCallId", default=None)
    name: Loose = msgspec.field(name="agentName", default=None)


class ModelUsage(msgspec.Struct):
    """What a model used since the session began; the input contains the cache."""

    input: Count = msgspec.field(name="inputTokens", default=None)
    output: Count = msgspec.field(name="outputTokens", default=None)
    read: Count = msgspec.field(name="cacheReadTokens", default=None)
    write: Count = msgspec.field(name="cacheWriteTokens", default=None)
    reasoning: Count = msgspec.field(name="reasoningTokens", default=None)


class ModelMetrics(msgspec.Struct, rename="camel"):
    """One model's part of a shutdown; what GitHub bills is in billionths of a credit of a cent."""

    usage: ModelUsage | None = None
    total_nano_aiu: Loose = None


class Detail(msgspec.Struct):
    """A count of `tokenDetails`."""

    count: Count = msgspec.field(name="tokenCount", default=None)


class Shutdown(msgspec.Struct, rename="camel"):
    """`session.shutdown`: sums by model, in some builds only of the whole session."""

    model_metrics: dict[str, ModelMetrics] | None = None
    token_details: dict[str, Detail] | None = None
    total_nano_aiu: Loose = None
    total_premium_requests: Loose = None

    def sums(self) -> dict[str, ModelUsage]:
        """The usage by model; sums of the session are the model's where there was only one."""
        metrics = self.model_metrics or {}
        found = {text(name): x.usage for name, x in metrics.items() if x.usage is not None}
        if not found and len(metrics) == 1 and self.token_details:
            parts = {name: detail.count for name, detail in self.token_details.items()}
            only = text(next(iter(metrics)))
            found[only] = ModelUsage(
                parts.get("input"),
                parts.get("output"),
                parts.get("cache_read"),
                parts.get("cache_write"),
            )
        return found

    def credits(self) -> dict[str, int]:
        """The nano-dollars billed by model; those of the session where there was only one."""
        metrics = self.model_metrics or {}
        found = {text(name): nano_dollars(x.total_nano_aiu) for name, x in metrics.items()}
        if len(found) == 1 and not any(found.values()):
            found = dict.fromkeys(found, nano_dollars(self.total_nano_aiu))
        return {name: nanos for name, nanos in found.items() if nanos}


def premium(told: object) -> int | None:
    """Thousandths of `totalPremiumRequests` (a model may be a third of one); None for none."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    return round(told * 1000) if 0 < told < 10**9 else None


def nano_dollars(credit: object) -> int:
    """Nano-dollars of `totalNanoAiu`: 1e9 are one credit, a cent (FORMATS, Copilot); 0 for none."""
    if isinstance(credit, bool) or not isinstance(credit, int | float):
        return 0
    return round(credit / 100) if 0 < credit < 10**17 else 0


LINE = msgspec.json.Decoder(LogLine)
START = msgspec.json.Decoder(Start)
MESSAGE = msgspec.json.Decoder(MessageEvent)
TOOL = msgspec.json.Decoder(Tool)
AGENT = msgspec.json.Decoder(AgentEvent)
SHUTDOWN = msgspec.json.Decoder(Shutdown)
