"""Pages of integrations that name a port: what they show is tried at another one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import blocks
from tests.docs.blocks import ROOT
from tests.docs.examples import Examples
from tests.docs.prepared_homes import PreparedHomes
from tests.e2e.instance import Instance
from tests.free_ports import free_port
from tests.patience import PATIENCE, until

_CHAIN = """
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate

said = AIMessage(
    "hello",
    usage_metadata={"input_tokens": 1200, "output_tokens": 300, "total_tokens": 1500},
)
chain = ChatPromptTemplate.from_messages([("user", "{x}")])
named = {"ls_model_name": "gpt-5.4", "ls_provider": "openai"}  # as real ones say of themselves
chain |= GenericFakeChatModel(messages=iter([said]), metadata=named)
chain.invoke({"x": "hi"})
provider.shutdown()
"""


def test_the_page_of_prometheus_shows_what_a_daemon_answers(tmp_path: Path) -> None:
    port = free_port()
    text = (ROOT / "docs/integrations/prometheus.md").read_text()
    text = text.replace("[metrics]\n", f"[metrics]\nport = {port}\n").replace(":9464", f":{port}")
    page = tmp_path / "prometheus.md"
    page.write_text(text.replace("<!-- tested by:", "<!-- "))
    outcomes = [*Examples(PreparedHomes(tmp_path)).of(page)]
    assert len(outcomes) == 2
    assert not [one.wrong for one in outcomes if one.wrong]


def test_a_chain_of_langchain_is_counted(home: Path) -> None:
    """With the page's packages, where they are installed; the model is one of LangChain's own."""
    pytest.importorskip("openinference.instrumentation.langchain")
    page = blocks.read(ROOT / "docs/integrations/opentelemetry.md")
    (code,) = (one.text for one in page if one.language == "python")
    instance, port = Instance(home), free_port()
    instance.configure(f"[receive.otlp]\nport = {port}\n")
    instance.start()
    try:
        token = instance.paths.otlp_token
        until(token.exists)
        where = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{token.read_text().strip()}",
        }
        subprocess.run(
            [sys.executable, "-c", code + _CHAIN],
            env={**os.environ, **where}, check=True, timeout=2 * PATIENCE,
        )  # fmt: skip
        until(lambda: instance.ask("SELECT count(*) FROM calls") == 1)
        (row,) = instance.report("model")["rows"]
        assert (row["key"], row["input_tokens"], row["output_tokens"]) == ("gpt-5.4", 1200, 300)
    finally:
        instance.kill9()
