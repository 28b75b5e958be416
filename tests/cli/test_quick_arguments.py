"""The short way to read a command line says what argparse says of the same words, or nothing."""

import contextlib
import itertools
import shlex

import pytest

from costtop.cli.main import MODULES, _parser, usual

SPECIAL = [
    "", "-", "--", "-n 3", "-n3", "--frames=3", "--frames 0", "--once --json", "--json --jsonl",
    "--onc", "-b -U", "--sort cost", "--sort nope", "--limit 2 --limit 3", "--limit=", "--limit",
    "--version", "--help", "x", "--once x", "--once report", "report", "report --by day,model",
    "report --by=model yesterday", "report last week --json", "report last --json week",
    "report --json --csv", "report --feature a --feature b --top 3", "report --feature=a=b",
    "report --top 0", "report --by nope", "report -- yesterday", "report --since -1d", "report ''",
    "report --against like", "report --columns +cost", "record --json -", "record --tag a=b",
    "record --session s --model m --input-tokens 5 --tag a=b --tag c=d", "record --pid x",
    "record --input-tokens -5", "record x", "status", "status --json", "status --jso", "status x",
    "stop", "stop a b --note 'why so'", "stop --note", "stop --note -x", "daemon", "daemon stop",
    "daemon --json status", "daemon nope", "check", "check --budget daily --quiet", "gate",
    "gate --agent codex", "gate --agent nope", "mark", "mark a --as fine", "kill a --hold --now",
    "kill a --pid 7 -y", "override daily --for 2h", "override a b", "budget list", "run -- ls -l",
    "backup f.db", "export calls --format csv", "export nope", "export", "demo --speed 2",
    "demo --speed x", "alerts", "alerts ack 3", "nope", "report extra --by day words",
]  # fmt: skip


def argparse_says(words):
    named = next((word for word in words if not word.startswith("-")), None)
    try:
        return vars(_parser((named,) if named in MODULES else ()).parse_args(words))
    except SystemExit:
        return None


def examples():
    for name in MODULES:
        parser = _parser((name,))._subparsers._group_actions[0].choices[name]
        for line in (parser.epilog or "").splitlines():
            with contextlib.suppress(ValueError):
                words = shlex.split(line.partition(" | ")[2] or line)
                if words[:1] == ["costtop"]:
                    yield words[1:]


@pytest.mark.parametrize("line", SPECIAL)
def test_plain_words_are_read_as_argparse_reads_them(line, capsys):
    words = shlex.split(line)
    found, said = usual(words), argparse_says(words)
    assert found is None or vars(found) == said


def test_so_are_the_examples_of_all_helps():
    read = [(words, found) for words in examples() if (found := usual(words)) is not None]
    assert len(read) > 30
    for words, found in read:
        assert vars(found) == argparse_says(words), words


def test_and_whatever_order_a_reports_words_come_in():
    parts = (["--by", "day"], ["last", "week"], ["--json"], ["--tag=a=b"], ["--top", "3"])
    for order in itertools.permutations(parts):
        words = ["report", *itertools.chain(*order)]
        assert vars(usual(words)) == argparse_says(words)


QUICK = ("", "--once", "report", "report --by day yesterday", "status", "status --json", "-n 3",
         "record --session s --model m --input-tokens 1 --output-tokens 2")  # fmt: skip


@pytest.mark.parametrize("line", QUICK)
def test_the_quick_ones_take_the_short_way(line):
    assert usual(shlex.split(line)) is not None
