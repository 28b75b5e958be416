"""What an answer on the wire means for a letter: gone, worth another try, or never."""

import pytest

from costtop.notify.child import failure, is_loopback, judge, proxies, success

AGAIN = [408, 409, 423, 425, 429, 100, 101, 299, 500, 501, 502, 503, 504, 599]
NEVER = [400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 422, 424, 426, 428, 430, 451, 499]


@pytest.mark.parametrize("status", AGAIN)
def test_what_may_pass_is_tried_again(status):
    assert judge({"status": status}) == failure(f"HTTP {status}", permanent=False)


@pytest.mark.parametrize("status", NEVER)
def test_what_will_not_change_is_given_up(status):
    assert judge({"status": status}) == failure(f"HTTP {status}", permanent=True)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 399])
def test_a_redirect_is_given_up_and_named(status):
    said = judge({"status": status})
    assert said["permanent"] is True
    assert said["error"] == f"HTTP {status}: a redirect, which is not followed"


def test_without_a_status_the_error_is_told_and_it_is_tried_again():
    assert judge({"error": "connection refused"}) == failure("connection refused")
    assert judge({}) == failure("the channel did not take it")
    assert judge({})["permanent"] is False


def test_plain_http_to_another_machine_is_never_tried_again():
    said = judge({"refused": True, "status": 200})
    assert said["permanent"] is True
    assert said["error"].startswith("refused: plain http to another machine")


def test_an_outcome_says_all_four_things():
    assert success() == {"ok": True, "state": "sent", "permanent": False, "error": ""}
    assert success("screen")["state"] == "screen"
    assert failure("x") == {"ok": False, "state": "", "permanent": False, "error": "x"}
    assert failure("x", permanent=True)["permanent"] is True


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.1", "127.1.2.3"])
def test_this_machine_is_reached_without_a_proxy(host):
    assert is_loopback(host) is True
    assert proxies(host, {"proxies": {"http": "p"}}) == {}


@pytest.mark.parametrize(
    "host",
    [
        "128.0.0.1",
        "10.0.0.1",
        "0.0.0.0",
        "::2",
        "localhost.example.com",
        "127.0.0.1.example.org",
        "127.evil.example",
        "None",
        "",
    ],
)
def test_another_machine_is_reached_by_the_proxy_of_the_environment(host):
    assert is_loopback(host) is False
    assert proxies(host, {"proxies": {"http": "p"}}) == {"http": "p"}
    assert proxies(host, {}) == {}
