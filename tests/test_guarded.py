"""Nothing in the daemon lasts outside the guard: a lint, for a bare loop would end it one day."""

import ast
from pathlib import Path

from measures.tree import Tree

TREE = Tree(Path(__file__).resolve().parent.parent)

# Who else may start a task, and why a fault of the world that meets it ends nothing.
TASKS_OF_THEIR_OWN = {
    "costtop/lasting_tasks.py": "the guard itself",
    "costtop/notify/courier.py": "a letter's delivery, which rests when the store fails",
    "costtop/daemon/ingest/socket_calls.py": "one commit, which answers its peers when it fails",
    "costtop/daemon/ingest/backlog.py": "a fold in a worker, awaited by the reader",
    "costtop/daemon/notices/heartbeat.py": "one beat, which ends by itself and says what it met",
    "costtop/daemon/fleet/far_executor.py": "an operator's command, which its server tells again",
    "costtop/daemon/jobs/scan_once.py": "the word of how far it is, for the time of one command",
    "costtop/daemon/commands/socket_over_reload.py": "a command under way, answered whatever comes",
    "costtop/daemon/run/wrap.py": "`costtop run`, which is no daemon",
    "costtop/processes/actions.py": "one deed, awaited by whoever asked for it",
    "costtop/processes/kill/ladder.py": "waits for exits, for the time of one rung",
    "costtop/receive/socket.py": "what one peer asked, as long as it is connected",
    "costtop/steward/leading.py": "one leader's tasks, which end together: then it is elected anew",
    "costtop/tail/follow.py": "the watcher, which takes whatever happens for a lost hint",
}


LOOPS_THAT_NEED_NOT = {
    "costtop/daemon/ingest/socket_calls.py: run",  # its commits do
}


def test_nothing_lasting_is_started_outside_the_guard():
    starters = {"create_task", "ensure_future", "TaskGroup", "run_coroutine_threadsafe"}
    strays = {
        str(each.path)
        for each in TREE.modules
        for node in ast.walk(each.syntax)
        if isinstance(node, ast.Attribute)
        and node.attr in starters
        and not str(each.path).startswith(("costtop/tui/", "costtop/demo/"))
    }
    assert strays == set(TASKS_OF_THEIR_OWN)


def test_each_loop_of_a_task_tells_the_guard_that_it_works():
    """A loop that never says so would show for a minute a fault that has ended already."""
    silent = {
        f"{each.path}: {made.name}"
        for each in TREE.modules
        if str(each.path).startswith("costtop/daemon/")
        for made in ast.walk(each.syntax)
        if isinstance(made, ast.AsyncFunctionDef)
        for loop in ast.walk(made)
        if isinstance(loop, ast.While)
        and isinstance(loop.test, ast.Constant)
        and not {"well", "meet"} & {x.attr for x in ast.walk(loop) if isinstance(x, ast.Attribute)}
    }
    assert silent == LOOPS_THAT_NEED_NOT
