"""Agents' settings: what costtop writes into them, and that nothing of it stays behind."""

import json
import shlex
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.errors import CosttopError
from costtop.hooks.dialects import AGENTS, dialect_of
from costtop.hooks.install import entries, installer, jsonc
from tests.hooks.conftest import call

SETTINGS = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini": ".gemini/settings.json",
    "qwen": ".qwen/settings.json",
}
COMMENTED = """\
// mine
{
    // the model
    "model": "opus", /* the big one */

    "hooks": {
        "PreToolUse": [
            // checks first
            {"matcher": "Bash", "hooks": [{"type": "command", "command": "my-check"}]}, // keep
        ],
        "Stop": []
    },
    "statusLine": {"type": "command", "command": "my-line --colour 'a b'", "padding": 0},
    "env": {}, // last
}

"""

_names = st.text("abcXYZ _-é", max_size=6)
_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=8,
)
_command = st.fixed_dictionaries({"type": st.just("command"), "command": st.text(max_size=12)})
_group = st.fixed_dictionaries({"hooks": st.lists(_command, min_size=1, max_size=2)},
                               optional={"matcher": st.text("AB|*", max_size=3)})  # fmt: skip
_hooks = st.dictionaries(
    st.sampled_from(["PreToolUse", "BeforeTool", "Stop", "SessionStart", "UserPromptSubmit"]),
    st.lists(_group, max_size=3),
    max_size=3,
)


@st.composite
def _written(draw) -> bytes:
    """Settings as people and programs leave them behind."""
    tree = draw(st.dictionaries(_names, _plain, max_size=4))
    if draw(st.booleans()):
        tree["hooks"] = draw(_hooks)
    if draw(st.booleans()):
        tree["statusLine"] = draw(_command)
    order = draw(st.permutations(list(tree)))
    text = json.dumps({name: tree[name] for name in order},
                      indent=draw(st.sampled_from([None, 1, 2, 4, "\t"])),
                      ensure_ascii=draw(st.booleans()))  # fmt: skip
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.replace("{", '{ /* a, "b": { */ ', 1)
    if draw(st.booleans()):
        text = f"{text[:-1]} // c }}\n}}"
    return (draw(st.sampled_from(["", "\ufeff", "// top\n"])) + text
            + draw(st.sampled_from(["", "\n", "\n\n", " // end\n"]))).encode()  # fmt: skip


def _plant(home: Path, agent: str, content: bytes) -> Path:
    path = home / SETTINGS[agent]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@given(_written(), st.sampled_from(sorted(SETTINGS)))
def test_install_and_remove_leave_the_file_byte_for_byte(content, agent):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environ = {"HOME": folder}
        path = _plant(home, agent, content)
        installer.install(agent, home / "kept", environ)
        assert path.read_bytes() != content
        installer.install(agent, home / "kept", environ)  # again changes nothing
        installer.remove(agent, home / "kept", environ)
        assert path.read_bytes() == content
        assert not list((home / "kept").iterdir())


@given(_written(), st.sampled_from(sorted(SETTINGS)))
def test_what_is_put_in_is_all_that_is_changed(content, agent):
    text = content.decode()
    before = jsonc.parse(text).plain
    ours = dialect_of(agent).entries("/bin/costtop gate --agent x || true")
    after = entries.with_line(entries.with_hooks(text, ours), "/bin/costtop statusline || true")
    plain = jsonc.parse(after).plain
    assert list(plain)[: len(before)] == list(before)
    for name, value in before.items():
        if name not in ("hooks", "statusLine"):
            assert plain[name] == value
    for event, groups in before.get("hooks", {}).items():
        assert plain["hooks"][event][: len(groups)] == groups
    for event, entry in ours.items():
        assert plain["hooks"][event][-1] == entry


@given(_written(), st.sampled_from(sorted(SETTINGS)))
def test_without_a_receipt_only_ours_goes(content, agent):
    text = content.decode()
    ours = dialect_of(agent).entries("/bin/costtop gate --agent x || true")
    after = entries.with_line(entries.with_hooks(text, ours), "/bin/costtop statusline || true")
    gone = jsonc.parse(entries.without(after)).plain
    before = jsonc.parse(text).plain
    # An empty list or object that was there before cannot be told from one that we leave.
    hooks = {event: groups for event, groups in before.pop("hooks", {}).items() if groups}
    left = {event: groups for event, groups in gone.pop("hooks", {}).items() if groups}
    assert (gone, left) == (before, hooks)


def test_comments_order_and_the_users_own_stay(home):
    path = _plant(home, "claude-code", COMMENTED.encode())
    installer.install("claude-code", home / "kept")
    text = path.read_text()
    kept = ["// mine", '"model": "opus", /* the big one */', "// checks first", '"padding": 0']
    for line in (*kept, '"command": "my-check"}]}, // keep', '"env": {}, // last'):
        assert line in text
    groups = jsonc.parse(text).plain["hooks"]["PreToolUse"]
    assert groups[0]["hooks"][0]["command"] == "my-check"
    assert "gate --agent claude-code" in groups[1]["hooks"][0]["command"]


def test_what_the_user_adds_afterwards_survives_the_removal(home):
    path = _plant(home, "claude-code", COMMENTED.encode())
    installer.install("claude-code", home / "kept")
    path.write_text(path.read_text().replace('"model": "opus"', '"model": "haiku"'))
    installer.remove("claude-code", home / "kept")
    assert path.read_text() == COMMENTED.replace('"model": "opus"', '"model": "haiku"')


@pytest.mark.parametrize("agent", AGENTS)
def test_a_file_that_was_not_there_is_not_left_behind(home, agent, monkeypatch):
    folder = home / "repository"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    before = sorted(home.rglob("*"))
    installer.install(agent, home / "kept")
    path = installer.place(agent)
    assert json.loads(path.read_text())["hooks"]
    assert path.stat().st_mode & 0o777 == 0o600
    installer.remove(agent, home / "kept")
    (home / "kept").rmdir()
    assert sorted(home.rglob("*")) == before


def test_an_empty_file_stays_an_empty_file(home):
    path = _plant(home, "gemini", b"")
    installer.install("gemini", home / "kept")
    installer.remove("gemini", home / "kept")
    assert path.read_bytes() == b""


def test_a_linked_dotfile_stays_a_link(home):
    (home / "dotfiles").mkdir()
    real = home / "dotfiles/settings.json"
    real.write_text("{}")
    real.chmod(0o644)
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").symlink_to(real)
    installer.install("claude-code", home / "kept")
    assert (home / ".claude/settings.json").is_symlink()
    assert "hooks" in real.read_text() and real.stat().st_mode & 0o777 == 0o644
    installer.remove("claude-code", home / "kept")
    assert real.read_text() == "{}"


@pytest.mark.parametrize(
    ("content", "why"),
    [(b'{"a": 1', "ends in line 1"), (b'{\n "a": 1\n "b": 2}', "line 3"), (b"[]", "no object"),
     (b"\xff\xfe", "UTF-8"), (b'{"hooks": []}', '"hooks" is not an object'),
     (b'{"hooks": {"PreToolUse": {}}}', "is not a list"), (b'{"statusLine": 3}', "statusLine"),
     (b'{"a": 1, "a": 2}', "twice"), (b"[" * 5000, "nested too deeply")],
)  # fmt: skip
def test_settings_that_are_not_understood_are_left_alone(home, content, why):
    path = _plant(home, "claude-code", content)
    with pytest.raises(CosttopError, match="nothing was changed") as refused:
        installer.install("claude-code", home / "kept")
    assert why in str(refused.value) and str(path) in str(refused.value)
    assert path.read_bytes() == content and not (home / "kept").exists()


def test_the_status_line_goes_on_inside_ours(home):
    path = _plant(home, "claude-code", COMMENTED.encode())
    installer.install("claude-code", home / "kept")
    command = jsonc.parse(path.read_text()).plain["statusLine"]["command"]
    words = shlex.split(command)
    assert words[words.index("--then") + 1] == "my-line --colour 'a b'"
    assert command.endswith("|| true")


def test_the_installed_command_runs_from_anywhere_and_never_blocks(home):
    path = _plant(home, "claude-code", b"{}")
    installer.install("claude-code", home / "kept")
    group = json.loads(path.read_text())["hooks"]["PreToolUse"][0]
    command = group["hooks"][0]["command"]
    ran = subprocess.run(["/bin/sh", "-c", command], input="{}", text=True, cwd="/",
                         capture_output=True, check=False)  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    program = next(word for word in shlex.split(command) if word.startswith("/"))
    gone = command.replace(program, "/gone" + program)
    ran = subprocess.run(["/bin/sh", "-c", gone], input="{}", text=True, capture_output=True,
                         check=False)  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "")


def test_status_says_what_stands_there_and_what_is_wrong_with_it(home):
    assert not installer.status("claude-code", home / "kept").commands
    path = _plant(home, "claude-code", b"{}")
    installer.install("claude-code", home / "kept")
    told = installer.status("claude-code", home / "kept")
    assert len(told.commands) == 4 and not told.trouble
    path.write_text(path.read_text().replace('"hooks"', '"disableAllHooks": true,\n"hooks"', 1))
    assert "switch all hooks off" in installer.status("claude-code", home / "kept").trouble
    gone = [word for word in shlex.split(told.commands[0]) if word.startswith("/")]
    path.write_text(path.read_text().replace(gone[1], "/gone/by_path.py"))
    assert not installer.status("claude-code", home / "kept").trouble.startswith("/")
    for one in {gone[0], gone[-1]}:
        path.write_text(path.read_text().replace(f"{one} ", "/gone/costtop "))
    assert "not there any more" in installer.status("claude-code", home / "kept").trouble


def test_codex_that_runs_no_hooks_is_named(home):
    installer.install("codex", home / "kept")
    (home / ".codex/config.toml").write_text("[features]\nhooks = false\n")
    assert "config.toml" in installer.status("codex", home / "kept").trouble
    assert (home / ".codex/config.toml").read_text() == "[features]\nhooks = false\n"


def test_the_command_line_installs_says_and_removes(home):
    path = _plant(home, "claude-code", COMMENTED.encode())
    assert "the gate is in" in call("hooks", "install", "claude-code").stdout
    assert "there already" in call("hooks", "install", "claude-code").stdout
    assert "claude-code: installed" in call("hooks", "status").stdout
    assert "are out" in call("hooks", "remove", "claude-code").stdout
    assert "nothing of costtop" in call("hooks", "remove", "claude-code").stdout
    assert path.read_text() == COMMENTED
    _plant(home, "gemini", b"{oops")
    ran = call("hooks", "install", "gemini")
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1 and "gemini" in ran.stderr
