"""Makes a repository with real git, and the logs of agents that worked in it: thirty branches.

Merges, squashes, rebases, amended commits, worktrees (some are removed), requests of two hosts,
open ones that a log names, and work that is for none. Each call knows what it was for.
"""

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

BRANCHES = 30
_MINUTE = 60_000


class Truth(NamedTuple):
    """One call: its id, and the pull request it was for; "" for none."""

    call: str
    pull: str


class Synthetic:
    """A repository and logs that grow branch by branch."""

    def __init__(self, home: Path, began: int, seed: int = 1) -> None:
        """`began` is when its first commit was made, ms UTC; agents' logs go below `home`."""
        self.home, self.now = home, began
        self.top = home / "shop"
        self.truth: list[Truth] = []
        self._rng = random.Random(seed)
        self._logs = home / ".claude" / "projects" / "-shop"
        self._logs.mkdir(parents=True)
        self._calls = 0
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.top)], check=True,
                       env=self._environment())  # fmt: skip
        self.git("remote", "add", "origin", "git@github.com:acme/shop.git")
        self.commit("Begin", self.top)

    def _environment(self) -> dict[str, str]:
        when = f"{self.now // 1000} +0000"
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "a@x",
            "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "a@x",
            "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "GIT_EDITOR": "true",
        }  # fmt: skip

    def git(self, *asked: str, at: Path | None = None) -> None:
        """Runs git at the moment that it is there, in the repository or a worktree."""
        self.now += 10_000
        done = subprocess.run(["git", *asked], cwd=at or self.top, env=self._environment(),
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, (asked, done.stderr)

    def commit(self, subject: str, at: Path, *more: str) -> None:
        """A commit that changes a file of its own."""
        self.now += _MINUTE
        name = "".join(char for char in subject if char.isalnum())
        with open(at / name, "a", encoding="utf-8") as file:
            file.write(f"{self.now}\n")
        self.git("add", "-A", at=at)
        self.git("commit", "-q", "-m", subject, *more, at=at)

    def work(
        self, session: str, at: Path, branch: str, pull: str, calls: int = 3, **more: Any
    ) -> None:
        """Calls of a session, some minutes apart."""
        for _ in range(calls):
            self.now += self._rng.randrange(1, 4) * _MINUTE
            self._calls += 1
            call = f"m{self._calls}"
            usage = {"input_tokens": self._rng.randrange(1_000, 90_000),
                     "output_tokens": self._rng.randrange(9_000)}  # fmt: skip
            message = {"id": call, "type": "message", "role": "assistant", "content": [],
                       "model": "claude-sonnet-4-5", "usage": usage}  # fmt: skip
            self._write(session, {"type": "assistant", "cwd": str(at), "gitBranch": branch,
                                  "uuid": f"u{call}", "requestId": f"r{call}", "message": message,
                                  **more})  # fmt: skip
            self.truth.append(Truth(call, pull))

    def link(self, session: str, number: int) -> None:
        """What Claude Code writes when it has opened a pull request."""
        self._write(session, {"type": "pr-link", "prNumber": number, "prRepository": "acme/shop",
                              "prUrl": f"https://github.com/acme/shop/pull/{number}"})  # fmt: skip

    def _write(self, session: str, record: dict[str, Any]) -> None:
        from datetime import UTC, datetime

        at = datetime.fromtimestamp(self.now / 1000, UTC).isoformat().replace("+00:00", "Z")
        line = {"sessionId": session, "timestamp": at, **record}
        with open(self._logs / f"{session}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def push(self, branch: str) -> None:
        """What a push leaves here, until somebody prunes it."""
        self.git("update-ref", f"refs/remotes/origin/{branch}", branch)

    def land(self, branch: str, *message: str, squash: bool = False) -> None:
        """What a host does with a pull request, seen after a pull."""
        self.git("checkout", "-q", "main")
        if squash:
            self.git("merge", "-q", "--squash", branch)
            self.git("commit", "-q", *(part for text in message for part in ("-m", text)))
        else:
            texts = [part for text in message for part in ("-m", text)]
            self.git("merge", "-q", "--no-ff", *texts, branch)

    def grow(self) -> Iterator[int]:
        """Thirty branches, one after the other; costtop may look after each."""
        kinds = (self._merged, self._squashed_worktree, self._rebased, self._without_branch,
                 self._named, self._request)  # fmt: skip
        for nth in range(BRANCHES):
            yield from kinds[nth % len(kinds)](nth, 100 + nth)
            self.git("checkout", "-q", "main")
            if nth % 10 == 9:  # what is for none
                self.work(f"none{nth}", self.top, "main", "", 1)
            yield nth

    def _merged(self, nth: int, number: int) -> Iterator[int]:
        branch, pull, session = f"feat/part-{nth}", f"acme/shop#{number}", f"s{nth}"
        self.work(session, self.top, "main", pull, 1)  # before it had a branch of its own
        self.git("checkout", "-q", "-b", branch)
        for part in range(3):
            self.work(session, self.top, branch, pull)
            self.commit(f"Part {part} of {nth}", self.top)
        yield nth
        self.land(branch, f"Merge pull request #{number} from acme/{branch}", "Title")
        self.git("branch", "-d", branch)

    def _squashed_worktree(self, nth: int, number: int) -> Iterator[int]:
        branch, pull, session = f"fix-{nth}", f"acme/shop#{number}", f"s{nth}"
        tree = self.home / f"shop-{branch}"
        self.git("worktree", "add", "-q", "-b", branch, str(tree))
        subjects = [f"Mend {part} of {nth}" for part in range(3)]
        for subject in subjects:
            self.work(session, tree, branch, pull)
            self.commit(subject, tree)
        self.work(session, tree, branch, pull, 1)
        yield nth
        self.push(branch)
        body = "\n\n".join(f"* {subject}" for subject in subjects)
        self.land(branch, f"Mend all of {nth} (#{number})", body, squash=True)
        self.git("worktree", "remove", "--force", str(tree))
        self.git("branch", "-D", branch)

    def _rebased(self, nth: int, number: int) -> Iterator[int]:
        branch, pull, session = f"SHOP-{nth}-turn", f"acme/shop#{number}", f"s{nth}"
        self.git("checkout", "-q", "-b", branch)
        self.work(session, self.top, branch, pull)
        self.commit(f"Turn {nth}", self.top)
        self.work(session, self.top, branch, pull, 2)
        self.commit(f"Turn {nth}", self.top, "--amend")
        self.git("checkout", "-q", "main")
        self.commit(f"Chore {nth}", self.top)
        self.git("checkout", "-q", branch)
        self.git("rebase", "-q", "main")
        self.work(session, self.top, branch, pull, 1)
        yield nth
        self.land(branch, f"Turn {nth} (#{number})", squash=True)

    def _without_branch(self, nth: int, number: int) -> Iterator[int]:
        branch, pull, session = f"silent-{nth}", f"acme/shop#{number}", f"s{nth}"
        tree = self.home / "trees" / branch
        self.git("worktree", "add", "-q", "-b", branch, str(tree))
        self.work(session, tree, "", pull)
        self.commit(f"Quiet {nth}", tree)
        self.work(session, tree, "HEAD", pull, 2)
        self.commit(f"Quieter {nth}", tree)
        yield nth
        self.land(branch, f"Merge pull request #{number} from acme/{branch}", "Quiet")

    def _named(self, nth: int, number: int) -> Iterator[int]:
        first, second, session = f"open-{nth}", f"open-{nth}-b", f"s{nth}"
        for branch, said in ((first, number), (second, number + 500)):
            self.git("checkout", "-q", "-b", branch, "main")
            self.work(session, self.top, branch, f"acme/shop#{said}")
            self.commit(f"Open {branch}", self.top)
            self.link(session, said)
            self.work(session, self.top, branch, f"acme/shop#{said}", 1)
        yield nth

    def _request(self, nth: int, number: int) -> Iterator[int]:
        branch, pull, session = f"lab-{nth}", f"acme/shop!{number}", f"s{nth}"
        self.git("checkout", "-q", "-b", branch)
        for part in range(2):
            self.work(session, self.top, branch, pull)
            self.commit(f"Lab {part} of {nth}", self.top)
        yield nth
        said = f"Merge branch '{branch}' into 'main'"
        self.land(branch, said, f"See merge request acme/shop!{number}")
