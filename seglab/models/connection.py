"""Is there a way to a server? Asked before a library waits for it."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.parse
import urllib.request

CONNECT_SECONDS = 1.0


def is_reachable(url: str) -> bool:
    """Whether a server, or the proxy before it, answers within a second.

    Args:
        url: anything that the server holds.

    Convention: it only knocks at the door. What the server would say to a
    request is not asked.

    >>> is_reachable("http://127.0.0.1:9/nobody-listens-here")
    False
    """
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        parts = urllib.parse.urlsplit(
            proxy if "//" in proxy else f"//{proxy}"
        )
    host = parts.hostname or ""
    port = parts.port or {"http": 80}.get(parts.scheme, 443)
    reached = threading.Event()

    def knock() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((host, port), CONNECT_SECONDS).close()
            reached.set()

    # a name server that does not answer would hold us for a minute, so
    # another thread asks
    asking = threading.Thread(target=knock, daemon=True)
    asking.start()
    asking.join(CONNECT_SECONDS)
    return reached.is_set()


def offline_error(what: str, url: str, reason: str) -> ConnectionError:
    """The sentence about weights that cannot be downloaded.

    Args:
        what: was wanted.
        url: where it would have come from.
        reason: why it did not; only its first line is kept.

    >>> print(offline_error("net.pth", "https://a.org/b", "no answer"))
    net.pth cannot be downloaded from a.org (no answer): connect this \
machine to the network and run it again, or build the model without weights
    """
    host = urllib.parse.urlsplit(url).hostname
    first_line = reason.strip().partition("\n")[0]
    return ConnectionError(
        f"{what} cannot be downloaded from {host} ({first_line}): connect "
        "this machine to the network and run it again, or build the model "
        "without weights"
    )
