"""What was shown of a process when it was paused holds while it is stopped, and no longer."""

import os

from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.inspect import linux

SESSION = "qwen-code/s"


async def test_one_that_was_paused_can_be_ended_though_its_log_is_closed(
    stage, hand, all_steps, tmp_path, until
):
    log, other = tmp_path / "log", tmp_path / "other"
    pid = stage.start("name=agent", f"open={log}")
    wanted = Wanted(SESSION, "qwen-code", ("s",), str(tmp_path), (), None, 1, 1)

    def claimed(file: object) -> None:
        start = linux.glance(pid).start
        claim = ProcessClaim(SESSION, pid, start, "exact", "its log", file=os.fspath(file))
        hand.holder.take([wanted], [claim])

    claimed(log)
    assert (await all_steps(hand.actions.pause(SESSION)))[-1].success
    claimed(other)  # a search that has met it with another file, which is closed since
    (asked,) = await all_steps(hand.actions.resume("qwen-code/other"))
    assert asked.outcome == "refused"
    assert (await all_steps(hand.actions.resume(SESSION)))[-1].success
    until(lambda: linux.glance(pid).state != "T")
    (step,) = await all_steps(hand.actions.kill(SESSION))
    assert step.outcome == "refused" and "no longer shows" in step.what
    claimed(log)
    assert (await all_steps(hand.actions.pause(SESSION)))[-1].success
    claimed(other)
    assert (await all_steps(hand.actions.kill(SESSION)))[-1].outcome == "gone"
