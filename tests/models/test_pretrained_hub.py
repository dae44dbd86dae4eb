"""Weights of the hub make the reference's model, or a clear no."""

import pytest
import torch
from hub_cases import go_to
from network_cases import randomise
from peer_networks import (
    load_transformers,
    relative_gap,
    segformer_config,
    shake,
)

from seglab.models import pretrained_hub
from seglab.models.attention import split_projections
from seglab.models.factory import build
from seglab.models.hub import SHA256, HubFile
from seglab.models.mix_transformer import (
    MIX_TRANSFORMERS,
    MixTransformer,
    MixTransformerSize,
)
from seglab.models.pretrained_hub import (
    HRNET_IMAGENET,
    IMAGENET,
    MIT_IMAGENET,
    SEGFORMER_ADE20K,
    VIT_IMAGENET,
    load_ade20k,
    load_hub_imagenet,
    size_name,
)
from seglab.models.segformer import SegFormer
from seglab.models.vision_transformer import VISION_TRANSFORMERS

MINI = MIX_TRANSFORMERS["mini"]


def test_repositories_are_timms():
    """timm's own table has every one of these names."""
    timm = pytest.importorskip("timm")
    known = set(timm.list_pretrained())
    for file in (*HRNET_IMAGENET.values(), *VIT_IMAGENET.values()):
        assert file.repository.removeprefix("timm/") in known


def test_every_published_size_has_a_file():
    for known in IMAGENET.values():
        assert set(known.files) == set(known.sizes) - {"mini"}
    assert set(SEGFORMER_ADE20K) == set(MIT_IMAGENET)


@pytest.mark.parametrize(
    "file", [SEGFORMER_ADE20K["b0"], MIT_IMAGENET["b0"]]
)
def test_pinned_files_name_a_commit_and_a_hash(file):
    assert len(file.revision) == 40
    assert SHA256.fullmatch(file.sha256)


def segformer_state(architecture, **changes):
    """A small checkpoint of transformers with moved weights."""
    torch.manual_seed(0)
    config = segformer_config(MINI, **changes)
    peer = getattr(load_transformers(), architecture)(config)
    return randomise(shake(peer)).eval()


@torch.no_grad()
def test_ade20k_weights_make_transformers_model(fake_hub, monkeypatch):
    """From a file on a hub to the same output, by the factory alone."""
    theirs = segformer_state("SegformerForSemanticSegmentation")
    theirs.decode_head.classifier = torch.nn.Conv2d(32, 150, 1)
    sha256 = fake_hub.publish("tests/ade", theirs.state_dict())
    file = HubFile("tests/ade", "main", sha256)
    monkeypatch.setitem(SEGFORMER_ADE20K, "mini", file)
    ours = build("segformer", 150, size="mini", weights="ade20k").eval()
    x = torch.randn(1, 3, 64, 80)
    found = ours.head(ours.features(x))
    assert relative_gap(found, theirs(x).logits) < 1e-5


@torch.no_grad()
@pytest.mark.parametrize("name", ["segformer", "mask2former"])
def test_imagenet_weights_of_the_mix_transformer(
    fake_hub, monkeypatch, name
):
    theirs = segformer_state("SegformerForImageClassification")
    fake_hub.publish("tests/mit", theirs.state_dict())
    monkeypatch.setitem(MIT_IMAGENET, "mini", HubFile("tests/mit"))
    ours = build(name, 2, size="mini", weights="imagenet").eval()
    x = torch.randn(1, 3, 64, 64)
    wanted = theirs.segformer(x, output_hidden_states=True).hidden_states
    for one, other in zip(ours.backbone(x), wanted, strict=True):
        assert relative_gap(one, other) < 1e-5


@torch.no_grad()
def test_imagenet_weights_of_hrnet(fake_hub):
    """timm's whole classifier, of which the head is left out."""
    timm = pytest.importorskip("timm.models.hrnet")
    torch.manual_seed(0)
    theirs = randomise(timm.hrnet_w18_small(pretrained=False)).eval()
    file = HRNET_IMAGENET["w18_small"]
    fake_hub.publish(file.repository, theirs.state_dict())
    ours = build("hrnet", 2, size="w18_small", weights="imagenet").eval()
    x = torch.randn(1, 3, 64, 64)
    for one, other in zip(
        ours.backbone(x), theirs.stages(timm_stem(theirs, x)), strict=True
    ):
        assert relative_gap(one, other) < 1e-5


def timm_stem(model, x):
    x = model.act1(model.bn1(model.conv1(x)))
    return model.act2(model.bn2(model.conv2(x)))


@torch.no_grad()
def test_imagenet_weights_of_the_vision_transformer(fake_hub, monkeypatch):
    """All of timm's tensors but the class token's and the head's."""
    timm = pytest.importorskip("timm.models.vision_transformer")
    torch.manual_seed(0)
    size = VISION_TRANSFORMERS["mini"]
    theirs = timm.VisionTransformer(
        img_size=size.image_size,
        patch_size=size.patch_size,
        embed_dim=size.width,
        depth=size.depth,
        num_heads=size.heads,
    )
    state = shake(theirs).state_dict()
    fake_hub.publish("tests/vit", state)
    monkeypatch.setitem(VIT_IMAGENET, "mini", HubFile("tests/vit"))
    ours = build("setr", 2, size="mini", weights="imagenet").backbone
    assert torch.equal(ours.positions, state["pos_embed"][:, 1:])
    apart = split_projections(state)
    for mine, its in (
        (ours.embed.weight, apart["patch_embed.proj.weight"]),
        (
            ours.blocks[3].attention.key.weight,
            apart["blocks.3.attn.key.weight"],
        ),
        (ours.norm.bias, apart["norm.bias"]),
    ):
        assert torch.equal(mine, its)


@torch.no_grad()
def test_grey_images_are_seen_as_three_equal_colours(fake_hub, monkeypatch):
    theirs = segformer_state("SegformerForImageClassification")
    fake_hub.publish("tests/mit", theirs.state_dict())
    monkeypatch.setitem(MIT_IMAGENET, "mini", HubFile("tests/mit"))
    options = {"size": "mini", "weights": "imagenet"}
    grey, colour = (
        build("segformer", 2, in_channels=channels, **options).eval()
        for channels in (1, 3)
    )
    x = torch.randn(1, 1, 64, 64)
    found = grey.backbone(x)[-1]
    wanted = colour.backbone(x.expand(-1, 3, -1, -1))[-1]
    assert relative_gap(found, wanted) < 1e-5


def test_the_head_stays_as_it_was_drawn(fake_hub, monkeypatch):
    theirs = segformer_state("SegformerForImageClassification")
    fake_hub.publish("tests/mit", theirs.state_dict())
    monkeypatch.setitem(MIT_IMAGENET, "mini", HubFile("tests/mit"))
    heads = []
    for weights in (None, "imagenet"):
        torch.manual_seed(7)
        model = build("segformer", 2, size="mini", weights=weights)
        heads.append(model.head.state_dict())
    assert all(torch.equal(heads[0][k], heads[1][k]) for k in heads[0])


def test_a_file_of_another_network_is_refused(fake_hub, monkeypatch):
    fake_hub.publish("tests/mit", {"conv1.weight": torch.zeros(1)})
    monkeypatch.setitem(MIT_IMAGENET, "mini", HubFile("tests/mit"))
    with pytest.raises(ValueError, match="does not fit MixTransformer"):
        build("segformer", 2, size="mini", weights="imagenet")


@pytest.mark.parametrize(
    ("name", "classes", "weights", "address"),
    [
        ("segformer", 150, "ade20k", "nvidia/segformer-b0-finetuned-ade"),
        ("segformer", 2, "imagenet", "nvidia/mit-b0@25ce79d"),
        ("mask2former", 2, "imagenet", "nvidia/mit-b0@25ce79d"),
        ("hrnet", 2, "imagenet", "timm/hrnet_w18.ms_in1k@main"),
        ("setr", 2, "imagenet", "timm/vit_small_patch16_224.augreg_in21k"),
    ],
)
def test_offline_it_says_so(
    hub_cache, monkeypatch, name, classes, weights, address
):
    go_to(monkeypatch, "http://127.0.0.1:9")
    said = f"^{address}.* cannot be downloaded .*: connect this machine"
    with pytest.raises(ConnectionError, match=said):
        build(name, classes, weights=weights)


@pytest.fixture
def no_hub(monkeypatch):
    """Whoever asks for a file has not looked at the model first."""
    monkeypatch.setattr(pretrained_hub, "hub_state", pytest.fail)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 3}, "for num_classes 150, got 3"),
        ({"in_channels": 1}, "for in_channels 3, got 1"),
        ({"size": "mini"}, "for size b0 or b1 or .* or b5, got mini"),
    ],
)
def test_ade20k_weights_fit_one_kind_of_model(no_hub, options, message):
    model = build("segformer", **({"num_classes": 150} | options))
    with pytest.raises(ValueError, match=f"weights 'ade20k' are {message}"):
        load_ade20k(model)


def test_ade20k_weights_are_for_the_mix_transformer(no_hub):
    backbone = build("hrnet", 2, size="mini").backbone
    with pytest.raises(ValueError, match=r"for size b0 .* got another"):
        load_ade20k(SegFormer(backbone, 150))


def test_imagenet_weights_fit_published_backbones(no_hub):
    with pytest.raises(ValueError, match="for HRNetBackbone, MixTransfor"):
        load_hub_imagenet(build("unet_resnet", 2, backbone="small"))
    with pytest.raises(ValueError, match="VisionTransformer, got NoneType"):
        load_hub_imagenet(torch.nn.Identity())
    with pytest.raises(ValueError, match=r"size w18_small or .* got mini"):
        build("hrnet", 2, size="mini", weights="imagenet")
    with pytest.raises(ValueError, match="in_channels 1 or 3, got 4"):
        build("segformer", 2, in_channels=4, weights="imagenet")
    own = MixTransformer(MixTransformerSize((4, 6, 10, 8), (1, 1, 1, 1)))
    with pytest.raises(ValueError, match=r"size b0 .* got another"):
        load_hub_imagenet(SegFormer(own, 2))


def test_sizes_have_names():
    for name, size in MIX_TRANSFORMERS.items():
        assert size_name(size, MIX_TRANSFORMERS) == name
    assert size_name(None, MIX_TRANSFORMERS) == "another"
