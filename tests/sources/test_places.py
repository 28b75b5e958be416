"""Where each tool's logs are looked for: its own variables first, and no file for two sources."""

from pathlib import Path

import pytest

from costtop.config import Config, SourceEntry
from costtop.daemon.ingest.log_roots import roots
from costtop.paths import find as instance
from costtop.sources.registry import SOURCE, SOURCES, UNSUPPORTED
from costtop.tail.find import find
from tests.sources.golden import files

HOME = Path("/home/ana")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("name", "environment", "expected"),
    [
        ("gemini-cli", {}, "/home/ana/.gemini/tmp"),
        ("gemini-cli.telemetry", {"GEMINI_TELEMETRY_OUTFILE": "/v/t/telemetry.log"}, "/v/t"),
        ("qwen-code", {"QWEN_DATA_DIR": "/v/qwen"}, "/v/qwen/projects"),
        ("qwen-code", {}, "/home/ana/.qwen/projects"),
        ("opencode", {}, "/home/ana/.local/share/opencode"),
        ("opencode", {"XDG_DATA_HOME": "/v/data"}, "/v/data/opencode"),
        ("opencode", {"OPENCODE_DATA_DIR": "/v/oc"}, "/v/oc"),
        ("opencode", {"OPENCODE_DB": "/v/db/opencode-next.db"}, "/v/db"),
        ("kilo", {}, "/home/ana/.local/share/kilo"),
        ("goose", {"GOOSE_PATH_ROOT": "/v/goose"}, "/v/goose/data/sessions"),
        ("goose", {}, "/home/ana/.local/share/goose/sessions"),
        ("copilot", {}, "/home/ana/.copilot"),
        ("amp", {"AMP_DATA_DIR": "/v/amp"}, "/v/amp/threads"),
        ("amp", {}, "/home/ana/.local/share/amp/threads"),
        ("pi", {}, "/home/ana/.pi/agent/sessions"),
        ("openclaw", {}, "/home/ana/.openclaw/agents"),
        ("kimi", {"KIMI_CODE_HOME": "/v/kimi"}, "/v/kimi/sessions"),
        ("grok", {}, "/home/ana/.grok/sessions"),
        ("droid", {"FACTORY_HOME_OVERRIDE": "/v/ana"}, "/v/ana/.factory/sessions"),
        ("droid.json", {}, "/home/ana/.factory/sessions"),
        ("continue", {}, "/home/ana/.continue/dev_data"),
        ("continue.json", {"CONTINUE_GLOBAL_DIR": "/v/c"}, "/v/c/sessions"),
        ("crush", {"CRUSH_GLOBAL_DATA": "/v/crush"}, "/v/crush"),
        ("crush", {"XDG_DATA_HOME": "/v/data"}, "/v/data/crush"),
        ("zed", {"XDG_DATA_HOME": "/v/data"}, "/v/data/zed/threads"),
        ("zed", {}, "/home/ana/.var/app/dev.zed.Zed/data/zed/threads"),
        ("openhands", {}, "/home/ana/.openhands/conversations"),
        (
            "roo-code",
            {},
            "/home/ana/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks",
        ),
    ],
)
def test_a_tool_is_looked_for_where_its_variables_say(name, environment, expected):
    assert Path(expected) in SOURCE[name].roots(environment, HOME)


def test_every_file_of_a_home_full_of_logs_is_one_sources(home):
    expected = {}
    for source in SOURCES:
        folders = source.roots({}, home)
        for path, file in files(source.name) if folders and source.shape != "rows" else ():
            there = folders[0] / path
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(file.read_bytes())
            expected[str(there)] = source.name
    found = find(roots(Config(), instance(), {"HOME": str(home)}), 0).seen
    taken = {seen.path.decode(): seen.root.label.partition(":")[0] for seen in found}
    assert taken == expected


def test_a_tool_that_is_off_is_off_in_all_its_formats(home):
    off = roots(Config(off=("opencode",)), instance(), {"HOME": str(home)})
    assert "opencode.json:opencode.json" not in {root.label for root in off}
    assert len(off) == len(roots(Config(), instance(), {"HOME": str(home)})) - 2


@pytest.mark.parametrize(
    ("format", "path", "expected"),
    [
        ("gemini-cli", "/v/*.jsonl", "gemini-cli"),
        ("gemini-cli", "/v/*.json", "gemini-cli.json"),
        ("gemini-cli", "/v/telemetry.log", "gemini-cli.telemetry"),
        ("gemini-cli.telemetry", "/v/anything", "gemini-cli.telemetry"),
        ("copilot", "/v/*/events.jsonl", "copilot.events"),
        ("copilot", "/v/session-store.db", "copilot"),
        ("opencode", "/v/storage/message/*/*.json", "opencode.json"),
        ("api-responses", "/v/*.json", "api-responses.json"),
        ("costtop", "/v/*.ndjson", "costtop"),
    ],
)
def test_the_name_of_a_file_says_which_of_a_tools_formats_it_has(home, format, path, expected):
    config = Config(source=(SourceEntry(name="mine", format=format, paths=(path,)),))
    labels = [root.label for root in roots(config, instance(), {"HOME": str(home)})]
    assert f"{expected}:mine" in labels


def test_what_is_unsupported_has_a_reason_and_no_source():
    assert not set(UNSUPPORTED) & set(SOURCE)
    assert all(reason and "\n" not in reason for reason in UNSUPPORTED.values())


def test_the_document_of_sources_names_every_format_and_every_tool_without_one():
    text = (ROOT / "docs" / "sources.md").read_text()
    assert not [source.name for source in SOURCES if f"`{source.name}`" not in text]
    assert text.rpartition("## Not supported")[2].count("\n| ") - 1 == len(UNSUPPORTED)
