"""Columns in SQL: a call's user and host, what it says itself before whose its session is."""

KEY = "owners"  # meta: what the config says of owners, as they were last named by


def user(session: str = "s", context: str = "c") -> str:
    """The name's id, where these are the session row and the context of calls."""
    return f"coalesce(nullif({context}.user, 0), {session}.user)"


def host(session: str = "s", context: str = "c") -> str:
    """The same of the host."""
    return f"coalesce(nullif({context}.host, 0), {session}.host)"
