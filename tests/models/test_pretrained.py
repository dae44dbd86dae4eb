"""Official weights: from torchvision's tables, verified, or a clear no."""

import functools
import hashlib
import http.server
import threading
import urllib.error
import urllib.request

import pytest
import torch
import torchvision
from network_cases import largest_difference, randomise
from torchvision.models._api import Weights, WeightsEnum

from seglab.models import pretrained
from seglab.models.factory import build
from seglab.models.pretrained import (
    load_imagenet,
    load_voc,
    official_state,
)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache for torch's downloads, and no proxy."""
    monkeypatch.setattr(urllib.request, "getproxies", dict)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    kept = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path / "hub"))
    yield tmp_path / "hub" / "checkpoints"
    torch.hub.set_dir(kept)


def table_for(url):
    """A weight table such as torchvision's, with one entry."""

    class Table(WeightsEnum):
        V1 = Weights(url=url, transforms=None, meta={})

    return Table.V1


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def serve(tmp_path):
    """Saves a state dict, and serves it under the name with its hash."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def save(state, digest=None):
        file = folder / "net.pth"
        torch.save(state, file)
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        named = file.rename(folder / f"net-{(digest or found)[:8]}.pth")
        port = server.server_address[1]
        return table_for(f"http://127.0.0.1:{port}/{named.name}")

    yield save
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_once_and_verified(hub, serve):
    state = torch.nn.Linear(2, 3).state_dict()
    weights = serve(state)
    for _ in range(2):
        found = official_state(weights)
        assert all(torch.equal(found[key], state[key]) for key in state)
        # from now on there is nothing to fetch it from
        weights = table_for(weights.url.replace("127.0.0.1", "0.0.0.0"))
    assert [file.name for file in hub.iterdir()] == [
        weights.url.rpartition("/")[2]
    ]


def test_another_hash_is_refused_and_not_kept(hub, serve):
    weights = serve({"a": torch.zeros(1)}, digest="0" * 64)
    with pytest.raises(RuntimeError, match="invalid hash value"):
        official_state(weights)
    assert not list(hub.iterdir())


def test_objects_besides_tensors_are_refused(hub, serve):
    """A pickle could run code when it is loaded."""
    weights = serve({"a": pytest.approx(1)})
    with pytest.raises(Exception, match=r"weights_only|Weights only"):
        official_state(weights)


def test_counts_of_batches_are_filled_in(hub, serve):
    state = torch.nn.BatchNorm2d(2).state_dict()
    del state["num_batches_tracked"]
    found = official_state(serve(state))
    assert found["num_batches_tracked"] == 0
    assert set(found) == set(torch.nn.BatchNorm2d(2).state_dict())


OFFLINE = (
    r"Table.V1 cannot be downloaded from 127\.0\.0\.1 \(it does not "
    r"answer\): connect this machine to the network and run it again, or "
    "build the model without"
)


def test_offline_it_says_so(hub):
    """Nobody listens on port 9, and nothing is retried."""
    with pytest.raises(ConnectionError, match=OFFLINE):
        official_state(table_for("http://127.0.0.1:9/net-01234567.pth"))


@pytest.mark.parametrize(
    "fault",
    [urllib.error.URLError("no route"), TimeoutError("no route")],
)
def test_a_line_that_breaks_is_reported(hub, monkeypatch, fault):
    def broken(*_, **__):
        raise fault

    monkeypatch.setattr(pretrained, "is_reachable", lambda _: True)
    monkeypatch.setattr(
        torchvision.models._api, "load_state_dict_from_url", broken
    )
    with pytest.raises(ConnectionError, match=r"no route.*connect this"):
        build("deeplabv3", 21, weights="voc")


@pytest.fixture
def official(monkeypatch):
    """torchvision's download gives these random weights instead."""
    asked = []

    def give(theirs):
        torch.manual_seed(0)
        randomise(theirs)

        def stand_in(url, **options):
            asked.append((url, options))
            return theirs.state_dict()

        monkeypatch.setattr(
            torchvision.models._api, "load_state_dict_from_url", stand_in
        )
        monkeypatch.setattr(pretrained, "is_reachable", lambda _: True)
        return asked

    return give


@pytest.mark.parametrize("auxiliary", [True, False])
@pytest.mark.parametrize("family", ["fcn", "deeplabv3"])
def test_voc_weights_make_torchvisions_model(official, family, auxiliary):
    theirs = torchvision.models.get_model(
        f"{family}_resnet50",
        weights=None,
        weights_backbone=None,
        num_classes=21,
        aux_loss=True,
    ).eval()
    asked = official(theirs)
    ours = build(family, 21, weights="voc", auxiliary=auxiliary).eval()
    ((url, options),) = asked
    assert f"{family}_resnet50_coco" in url
    assert options["check_hash"] and options["weights_only"]
    x = torch.randn(1, 3, 33, 40)
    with torch.no_grad():
        found, wanted = ours(x), theirs(x)["out"]
    assert largest_difference(found, wanted) < 1e-5


@pytest.mark.parametrize("name", ["unet_resnet", "fcn8s"])
def test_imagenet_weights_reach_the_backbone(official, name):
    theirs = torchvision.models.resnet18(weights=None)
    asked = official(theirs)
    model = build(name, 2, backbone="resnet18", weights="imagenet")
    assert "resnet18" in asked[0][0]
    state = theirs.state_dict()
    for key, value in model.backbone.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_grey_images_are_seen_as_three_equal_colours(official):
    official(torchvision.models.resnet18(weights=None))
    grey, colour = (
        build(
            "fcn8s",
            2,
            in_channels=channels,
            backbone="resnet18",
            weights="imagenet",
        ).eval()
        for channels in (1, 3)
    )
    x = torch.randn(1, 1, 40, 40)
    with torch.no_grad():
        found = grey.backbone(x)[-1]
        wanted = colour.backbone(x.expand(-1, 3, -1, -1))[-1]
    assert torch.allclose(found, wanted, atol=1e-4 * wanted.abs().max())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 3}, "for num_classes 21, got 3"),
        ({"in_channels": 1}, "for in_channels 3, got 1"),
        ({"output_stride": 16}, "for output_stride 8, got 16"),
        (
            {"backbone": "resnet18"},
            "for backbone resnet50 or resnet101, got r",
        ),
        ({"backbone": "small"}, "for backbone resnet50 or .* got SmallRes"),
    ],
)
def test_voc_weights_fit_one_kind_of_model(options, message):
    model = build("fcn", **({"num_classes": 21} | options))
    with pytest.raises(ValueError, match=f"weights 'voc' are {message}"):
        load_voc(model, "fcn", [])


def test_imagenet_weights_are_for_resnets():
    with pytest.raises(ValueError, match="ResNet backbones, got SmallRes"):
        load_imagenet(build("fcn", 2, backbone="small"))
    with pytest.raises(ValueError, match="for in_channels 1 or 3, got 4"):
        load_imagenet(build("fcn", 2, in_channels=4, backbone="resnet18"))
    with pytest.raises(ValueError, match="ResNet backbones, got NoneType"):
        load_imagenet(torch.nn.Identity())
