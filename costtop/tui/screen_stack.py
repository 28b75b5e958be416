"""The stack of screens: the list of sessions is always below, whatever keys were typed ahead."""

from textual.app import App
from textual.await_complete import AwaitComplete

BOTTOM = 2  # screens: Textual's own blank one and the list of sessions


class ScreenStack(App[int]):
    """An app whose list of sessions stays."""

    def pop_screen(self) -> AwaitComplete:
        """Takes the screen on top away, but never the list.

        Two Esc that come before a dialog has gone dismiss it twice: the second takes what lies
        below, and Textual fails where that is the last one.
        """
        if len(self.screen_stack) <= BOTTOM:
            done: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
            return done
        return super().pop_screen()
