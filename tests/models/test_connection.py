"""A knock at a server's door takes a second at most."""

import socket
import threading
import urllib.request

import pytest

from seglab.models import connection
from seglab.models.connection import is_reachable, offline_error


@pytest.fixture
def door():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def proxies(monkeypatch):
    known = {}
    monkeypatch.setattr(urllib.request, "getproxies", lambda: known)
    monkeypatch.setattr(urllib.request, "proxy_bypass", "near".__eq__)
    return known


def test_a_server_that_listens_is_reachable(door, proxies):
    assert is_reachable(f"http://127.0.0.1:{door}/any/file")
    assert not is_reachable("http://127.0.0.1:9/any/file")


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://a.org/b", 443),
        ("http://a.org/b", 80),
        ("https://a.org:99/b", 99),
    ],
)
def test_the_port_is_the_schemes_unless_given(
    monkeypatch, proxies, url, port
):
    asked = []
    monkeypatch.setattr(
        connection.socket,
        "create_connection",
        lambda address, _: asked.append(address) or socket.socket(),
    )
    assert is_reachable(url)
    assert asked == [("a.org", port)]


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}"])
def test_a_proxy_is_what_must_answer(door, proxies, form):
    proxies["https"] = form.format(door)
    assert is_reachable("https://no-such-host.invalid/file")
    proxies["https"] = form.format(9)
    assert not is_reachable("https://no-such-host.invalid/file")
    # a host that is asked directly, and another scheme's proxy
    assert not is_reachable("https://near:9/file")
    assert is_reachable(f"http://127.0.0.1:{door}/file")


def test_a_name_server_that_never_answers_is_not_waited_for(
    monkeypatch, proxies
):
    released = threading.Event()

    def silent(*_):
        released.wait(60)
        raise OSError

    monkeypatch.setattr(connection.socket, "create_connection", silent)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.01)
    assert not is_reachable("https://a.org/b")
    assert not released.is_set()
    released.set()


def test_the_sentence_names_what_where_why_and_what_to_do():
    error = offline_error(
        "net.pth", "https://a.org/b", "no route\n\nCode 5"
    )
    assert isinstance(error, ConnectionError)
    assert str(error) == (
        "net.pth cannot be downloaded from a.org (no route): connect this "
        "machine to the network and run it again, or build the model "
        "without weights"
    )
