"""Files of the hub are fetched once, verified, or refused in words."""

import sys
from pathlib import Path

import pytest
import torch
from hub_cases import COMMIT, go_to
from safetensors.torch import save

from seglab.models import hub
from seglab.models.hub import HubFile, hub_state

REPO = "owner/net"
STATE = {"a": torch.arange(3.0), "b.c": torch.ones(2, 2)}


def same(found, wanted):
    return found.keys() == wanted.keys() and all(
        torch.equal(found[key], wanted[key]) for key in wanted
    )


def weight_files(folder):
    return [p for p in folder.rglob("blobs/*") if not p.is_dir()]


@pytest.mark.parametrize("pinned", [False, True])
def test_a_file_is_fetched_once(fake_hub, hub_cache, pinned):
    sha256 = fake_hub.publish(REPO, STATE)
    file = HubFile(REPO, COMMIT, sha256) if pinned else HubFile(REPO)
    assert same(hub_state(file), STATE)
    assert any(line.startswith("GET ") for line in fake_hub.asked)
    assert f"/resolve/{file.revision}/" in fake_hub.asked[0]
    fake_hub.asked.clear()
    assert same(hub_state(file), STATE)
    assert not fake_hub.asked
    assert [path.name for path in weight_files(hub_cache)] == [sha256]


def test_what_is_cached_needs_no_hub(fake_hub, monkeypatch):
    fake_hub.publish(REPO, STATE)
    hub_state(HubFile(REPO))
    go_to(monkeypatch, "http://127.0.0.1:9")
    assert same(hub_state(HubFile(REPO)), STATE)


def test_an_older_form_is_taken_where_there_is_no_other(fake_hub):
    fake_hub.publish(REPO, STATE, name="pytorch_model.bin")
    assert same(hub_state(HubFile(REPO)), STATE)
    fake_hub.asked.clear()
    assert same(hub_state(HubFile(REPO)), STATE)
    assert not fake_hub.asked
    # a pickle could run code when it is loaded
    fake_hub.publish("owner/x", {"a": Path()}, name="pytorch_model.bin")
    with pytest.raises(Exception, match=r"weights_only|Weights only"):
        hub_state(HubFile("owner/x"))


def test_another_hash_than_the_hub_states(fake_hub, hub_cache):
    fake_hub.publish(REPO, STATE, stated="0" * 64)
    said = r"owner/net@main has sha256 \w{64} and not 0{64}: .* removed"
    with pytest.raises(RuntimeError, match=said):
        hub_state(HubFile(REPO))
    assert not weight_files(hub_cache)
    # as the message says, running it again shows what it was
    fake_hub.publish(REPO, STATE)
    assert same(hub_state(HubFile(REPO)), STATE)


def test_another_hash_than_the_pinned_one(fake_hub, hub_cache):
    fake_hub.publish(REPO, STATE)
    with pytest.raises(RuntimeError, match=r"and not 1{64}"):
        hub_state(HubFile(REPO, COMMIT, "1" * 64))
    assert not weight_files(hub_cache)


def test_a_cached_file_that_was_damaged(fake_hub, hub_cache):
    fake_hub.publish(REPO, STATE)
    hub_state(HubFile(REPO))
    (stored,) = weight_files(hub_cache)
    stored.write_bytes(save({"a": torch.zeros(1)}))
    with pytest.raises(RuntimeError, match="damaged or changed"):
        hub_state(HubFile(REPO))
    assert same(hub_state(HubFile(REPO)), STATE)


def test_a_cache_without_links(fake_hub, hub_cache):
    """As on machines that forbid links: only a pinned hash is left."""
    sha256 = fake_hub.publish(REPO, STATE)
    file = HubFile(REPO, COMMIT)
    hub_state(file)
    (stored,) = weight_files(hub_cache)
    (link,) = (p for p in hub_cache.rglob("*") if p.is_symlink())
    link.unlink()
    stored.rename(link)
    assert same(hub_state(file), STATE)
    assert same(hub_state(HubFile(REPO, COMMIT, sha256)), STATE)
    with pytest.raises(RuntimeError, match=r"and not 1{64}"):
        hub_state(HubFile(REPO, COMMIT, "1" * 64))
    assert not link.exists()


def test_a_repository_without_weights(fake_hub):
    wanted = "owner/none@main holds neither model.safetensors nor pytorch"
    with pytest.raises(FileNotFoundError, match=wanted):
        hub_state(HubFile("owner/none"))


OFFLINE = (
    r"^owner/net@main cannot be downloaded from 127\.0\.0\.1 \({}\): "
    "connect this machine to the network and run it again, or build the "
    "model without weights$"
)


def test_offline_it_says_so(hub_cache, monkeypatch):
    """Nobody listens on port 9, and the client is not even asked."""
    go_to(monkeypatch, "http://127.0.0.1:9")
    wanted = OFFLINE.format("it does not answer")
    with pytest.raises(ConnectionError, match=wanted):
        hub_state(HubFile(REPO))
    assert not hub_cache.exists()


def test_told_to_stay_offline(fake_hub, monkeypatch):
    from huggingface_hub import constants

    fake_hub.publish(REPO, STATE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    wanted = OFFLINE.format("HF_HUB_OFFLINE is set")
    with pytest.raises(ConnectionError, match=wanted):
        hub_state(HubFile(REPO))
    assert not fake_hub.asked


@pytest.mark.parametrize("kind", ["local", "client", "system"])
def test_a_line_that_breaks(fake_hub, monkeypatch, kind):
    import huggingface_hub
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
    )

    client_error = HfHubHTTPError.__bases__[0]
    fault = {
        "local": LocalEntryNotFoundError("see the cause"),
        "client": client_error("no route"),
        "system": TimeoutError("no route"),
    }[kind]

    def broken(*_, **__):
        raise fault from (OSError("no route") if kind == "local" else None)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", broken)
    with pytest.raises(
        ConnectionError, match=OFFLINE.format("no route")
    ) as caught:
        hub_state(HubFile(REPO))
    assert caught.value.__cause__ is fault


def test_without_the_client(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"owner/net need hugg.*pip inst"):
        hub_state(HubFile(REPO))


def test_the_file_is_verified_before_it_is_read(fake_hub, monkeypatch):
    fake_hub.publish(REPO, STATE, stated="0" * 64)
    monkeypatch.setattr(hub, "load_file", pytest.fail)
    with pytest.raises(RuntimeError, match="sha256"):
        hub_state(HubFile(REPO))
