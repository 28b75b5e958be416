"""A LiteLLM callback that records every call. It needs `litellm`, which costtop does not install.

    litellm.callbacks = [CosttopLogger()]

In the proxy's config: `callbacks: costtop.integrations.litellm.proxy_logger`. A call belongs to the
session named in its `litellm_session_id` or `metadata={"session_id": ...}`, else to the
`costtop.session` it was made in, else to the program.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

import costtop
from costtop.client.provider_usage import lines_of

_UNDER_WAY = 10_000  # calls whose session is remembered until they end
_ATTRIBUTION = ("feature", "user", "task", "project", "agent")


class CosttopLogger(CustomLogger):  # type: ignore[misc]  # LiteLLM looks for its own base class
    """Records successes with what they used, failures as calls of no tokens."""

    def __init__(self) -> None:
        super().__init__()
        self._sessions: OrderedDict[str, costtop.Session] = OrderedDict()

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """Notes the caller's session: a stream's end is told from a thread that has none."""
        name = kwargs.get("litellm_call_id")
        if isinstance(name, str):
            self._sessions[name] = costtop.current()
            while len(self._sessions) > _UNDER_WAY:
                self._sessions.popitem(last=False)

    def log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """A call that was answered."""
        self._record(kwargs, response_obj, end_time, failed=False)

    def log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """A call that failed."""
        self._record(kwargs, response_obj, end_time, failed=True)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The same of an asynchronous call."""
        self._record(kwargs, response_obj, end_time, failed=False)

    async def async_log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The same of an asynchronous call."""
        self._record(kwargs, response_obj, end_time, failed=True)

    def _record(self, kwargs: Any, response: Any, ended: Any, *, failed: bool) -> None:
        said = _mapping(kwargs, "standard_logging_object")
        noted = self._sessions.pop(str(kwargs.get("litellm_call_id")), None)
        name = _session(kwargs)
        session = costtop.session(name) if name else noted or costtop.current()
        fields = _spent(kwargs, said, response) if not failed else _nothing("error")
        session.record(
            **{
                **fields,
                "model": said.get("model") or kwargs.get("model") or "unknown",
                "provider": said.get("custom_llm_provider"),
                "id": said.get("id") or kwargs.get("litellm_call_id"),
                "ts": _moment(ended),
                **_whose(kwargs, said),
            }
        )


def _spent(kwargs: Any, said: Mapping[str, Any], response: Any) -> dict[str, Any]:
    """Counts and cost. An answer out of LiteLLM's own cache cost nothing (FORMATS section 8)."""
    if said.get("cache_hit") is True or kwargs.get("cache_hit") is True:
        return {**_nothing("ok"), "cost_usd": 0}
    usage = _mapping(said, "metadata").get("usage_object")
    found = lines_of(response) or lines_of({"usage": usage})
    plain = {
        "input_tokens": said.get("prompt_tokens") or 0,
        "output_tokens": said.get("completion_tokens") or 0,
    }
    counts = found[0] if found else plain
    told = {key: value for key, value in counts.items() if value != ""}
    cost = said.get("response_cost", kwargs.get("response_cost"))
    return {**told, "cost_usd": cost if isinstance(cost, int | float) else None}


def _nothing(status: str) -> dict[str, Any]:
    return {"input_tokens": 0, "output_tokens": 0, "status": status}


def _session(kwargs: Any) -> str | None:
    """The session that the call itself names."""
    params = _mapping(kwargs, "litellm_params")
    metadata = _mapping(params, "metadata")
    name = metadata.get("session_id") or params.get("litellm_session_id")
    return str(name) if name else None


def _whose(kwargs: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Attribution by the call's metadata; what it does not say is left to the session."""
    metadata = _mapping(_mapping(kwargs, "litellm_params"), "metadata")
    given = {key: metadata.get(key) for key in _ATTRIBUTION}
    key_owner = _mapping(said, "metadata").get("user_api_key_user_id")
    given["user"] = given["user"] or kwargs.get("user") or said.get("end_user") or key_owner
    tags = said.get("request_tags")
    if isinstance(tags, list) and tags:
        given["tags"] = {str(tag): "yes" for tag in tags}
    return {key: value for key, value in given.items() if value}


def _mapping(holder: Any, name: str) -> Mapping[str, Any]:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _moment(ended: Any) -> str | None:
    """LiteLLM hands over naive local times."""
    return ended.astimezone(UTC).isoformat() if isinstance(ended, datetime) else None


def __getattr__(name: str) -> CosttopLogger:
    """`proxy_logger`, made when the proxy's config asks for it by name."""
    if name != "proxy_logger":
        raise AttributeError(name)
    globals()[name] = made = CosttopLogger()
    return made
