"""A log can name any pull request: what is none is none, and a URL is shown, never opened."""

import pytest

from costtop.attribution import pull_names
from costtop.attribution.pull_names import PullName


@pytest.mark.parametrize(
    ("said", "key", "url"),
    [
        ((12, "https://github.com/acme/shop/pull/12", "acme/shop"), "acme/shop#12", True),
        ((12, "https://github.com/acme/shop/pull/12", None), "acme/shop#12", True),
        ((None, "https://github.com/acme/shop/pull/12/files?w=1", None), "acme/shop#12", True),
        ((7, "https://gitlab.com/a/b/c/-/merge_requests/7", None), "a/b/c!7", True),
        ((12, "javascript:alert(1)", "acme/shop"), "acme/shop#12", False),
        ((12, "file:///etc/passwd", "acme/shop"), "acme/shop#12", False),
        ((12, None, "../../etc"), "../../etc#12", False),
        ((12, None, "a\x1b]0;x\x07b"), "#12", False),
        ((12, None, {"a": 1}), "#12", False),
    ],
)
def test_a_pull_request_is_its_number_in_a_repository(
    said: tuple[object, object, object], key: str, url: bool
) -> None:
    found = pull_names.named(*said)
    assert found is not None
    assert (found[0].key, bool(found[1])) == (key, url)


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "12", None, [], 10**30])
def test_what_is_no_number_names_none(number: object) -> None:
    assert pull_names.named(number, "no url", "acme/shop") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:acme/shop.git", "acme/shop"),
        ("https://user:secret@github.com/acme/shop.git", "acme/shop"),
        ("ssh://git@host:22/acme/shop", "acme/shop"),
        ("/srv/git/shop.git", ""),
        ("file:///srv/git/shop.git", ""),
        ("ext::sh -c evil", ""),
        ("", ""),
    ],
)
def test_a_remote_is_called_by_its_path_without_user_or_password(url: str, name: str) -> None:
    assert pull_names.of_remote(url) == name


def test_a_name_is_shown_with_the_sign_of_its_host() -> None:
    assert PullName("a/b", 3, "!").key == "a/b!3"
