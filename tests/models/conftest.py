"""What tests of weights from the hub begin with."""

import http.server
import threading
import urllib.request

import pytest
from hub_cases import FakeHub, go_to, handler_for


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """An empty cache of the hub's client, which may go online."""
    constants = pytest.importorskip("huggingface_hub.constants")
    # other tests may have told it at its import that it may not
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    folder = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(urllib.request, "getproxies", dict)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder


@pytest.fixture
def fake_hub(hub_cache, monkeypatch):
    """A hub that answers."""
    hub = FakeHub()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), handler_for(hub)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    go_to(monkeypatch, hub.url)
    yield hub
    server.shutdown()
    server.server_close()
