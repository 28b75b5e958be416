"""Where a link may lead: into a root or the user's home, and never to where secrets lie."""

import os

# What a log is never kept in; a link to it is a mistake, or somebody's trick.
_SECRET = (
    *(b".ssh", b".gnupg", b".aws", b".azure", b".kube", b".docker", b".password-store", b".pki"),
    *(b".config/gcloud", b".config/gh", b".config/op", b".config/sops", b".config/rclone"),
    *(b".local/share/keyrings", b".local/share/kwalletd", b".mozilla", b".thunderbird"),
    *(b".config/google-chrome", b".config/chromium", b"snap/firefox", b"Library/Keychains"),
    *(b"Library/Cookies", b".netrc", b".git-credentials", b".npmrc", b".vault-token"),
)


def within(path: bytes, folder: bytes) -> bool:
    """Whether a real path is that folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def own_home() -> bytes:
    """The user's home by its real path; b"" where it is no folder of their own."""
    home = os.path.realpath(os.path.expanduser(b"~"))
    return home if home.strip(b"/") else b""


def refusal(target: bytes, home: bytes, roots: list[bytes]) -> str:
    """Why a link to `target`, a real path, is not followed; "" where it is."""
    if home and any(within(target, home + b"/" + secret) for secret in _SECRET):
        return "is a link to where secrets are kept"
    if any(within(target, root) for root in roots):
        return ""
    if not home or not within(target, home):
        return "is a link that leaves the root and your home; a [[source]] with its path reads it"
    if any(within(folder, target) for folder in (home, *roots)):
        return "is a link to a folder that holds this one"
    return ""
