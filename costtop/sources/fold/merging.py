"""Says what two sights of one call make together. It is the rule that the store follows, in Python.

A streaming log writes a request several times while its output grows, a fork copies it, an
archive repeats it. Merging is associative, so chunks and files may be cut and ordered as they come.
"""

from costtop.model import Call


def merged(first: Call, second: Call) -> Call:
    """One call of two sights with the same key, `second` seen later.

    The sight with the larger (output, input) replaces the other, the later one on a tie. The
    earliest time, the longest list of tools and the most searches are kept. The call stays with the
    session that saw it first (the store asks which file is the earliest); a sight that yields
    never takes a call away from one that does not; one final count ends a placeholder.
    """
    ours, theirs = _size(first), _size(second)
    winner = second if theirs >= ours else first
    home = second if first.yields and not second.yields else first
    return winner._replace(
        at=min(first.at, second.at),
        tools=second.tools if len(second.tools) >= len(first.tools) else first.tools,
        searches=max(first.searches, second.searches),
        yields=first.yields and second.yields,
        placeholder=first.placeholder and second.placeholder,
        session=home.session,
        agent=home.agent,
        context=home.context,
    )


def _size(call: Call) -> tuple[int, int]:
    return call.tokens.output, call.tokens.input
