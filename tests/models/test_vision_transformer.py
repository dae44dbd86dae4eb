"""ViT is timm's, at every size of image."""

from dataclasses import replace

import pytest
import torch
from peer_networks import relative_gap, shake
from torch.nn import functional as F

from seglab.models.attention import split_projections
from seglab.models.state_dicts import load_renamed
from seglab.models.vision_transformer import (
    FROM_TIMM,
    VISION_TRANSFORMERS,
    TransformerBlock,
    VisionTransformer,
    VisionTransformerSize,
    drop_class_token,
    pad_to_multiple,
)

MINI = VISION_TRANSFORMERS["mini"]


def timm_vit(size, **options):
    """timm's ViT of the same sizes, with moved weights."""
    timm = pytest.importorskip("timm.models.vision_transformer")
    torch.manual_seed(0)
    theirs = timm.VisionTransformer(
        img_size=size.image_size,
        patch_size=size.patch_size,
        embed_dim=size.width,
        depth=size.depth,
        num_heads=size.heads,
        num_classes=3,
        **{"class_token": False, "global_pool": ""} | options,
    )
    return shake(theirs).eval()


def ours_like(size, theirs):
    """Ours with the weights of timm's."""
    ours = VisionTransformer(size).eval()
    state = split_projections(theirs.state_dict())
    load_renamed(ours, state, FROM_TIMM)
    return ours


@torch.no_grad()
@pytest.mark.parametrize("image_size", [(64, 64), (32, 48)])
def test_equals_timm(image_size):
    size = replace(MINI, image_size=image_size)
    theirs = timm_vit(size)
    ours = ours_like(size, theirs)
    x = torch.randn(2, 3, *image_size)
    wanted = theirs.forward_intermediates(
        x, indices=[1, 3], norm=True, intermediates_only=True
    )
    for one, other in zip(ours(x), wanted, strict=True):
        assert relative_gap(one, other) < 1e-5


@torch.no_grad()
@pytest.mark.parametrize("other_size", [(48, 80), (45, 61), (16, 9)])
def test_other_images_equal_timm(other_size):
    """Positions are interpolated and borders padded as timm does it."""
    theirs = timm_vit(MINI, dynamic_img_size=True, dynamic_img_pad=True)
    ours = ours_like(MINI, theirs)
    x = torch.randn(2, 3, *other_size)
    found = ours(x)[-1].flatten(2).transpose(1, 2)
    assert relative_gap(found, theirs.forward_features(x)) < 1e-5


def test_gradients_equal_timm():
    theirs = timm_vit(MINI)
    ours = ours_like(MINI, theirs)
    x = torch.randn(2, 3, 64, 64)
    ours(x)[-1].square().mean().backward()
    theirs.forward_features(x).square().mean().backward()
    pairs = [
        (ours.embed.weight, theirs.patch_embed.proj.weight),
        (ours.positions, theirs.pos_embed),
    ]
    for one, other in pairs:
        assert relative_gap(one.grad, other.grad) < 1e-4


def test_a_classifiers_class_token_is_dropped():
    theirs = timm_vit(MINI, class_token=True, global_pool="token")
    state = drop_class_token(split_projections(theirs.state_dict()))
    ours = VisionTransformer(MINI)
    load_renamed(ours, state, FROM_TIMM)
    assert torch.equal(ours.positions, theirs.pos_embed[:, 1:])
    assert drop_class_token(state) == state


@pytest.mark.parametrize("name", ["tiny", "small", "base"])
def test_published_sizes_are_timms(name):
    timm = pytest.importorskip("timm")
    with torch.device("meta"):
        theirs = timm.create_model(f"vit_{name}_patch16_224")
        ours = VisionTransformer(VISION_TRANSFORMERS[name])
    state = drop_class_token(split_projections(theirs.state_dict()))
    load_renamed(ours, state, FROM_TIMM)


def test_block_equals_pytorchs():
    torch.manual_seed(0)
    theirs = torch.nn.TransformerEncoderLayer(
        8, 2, 32, 0.0, F.gelu, 1e-6, batch_first=True, norm_first=True
    )
    ours = TransformerBlock(8, 2)
    load_renamed(
        ours,
        split_projections(shake(theirs).state_dict()),
        [
            (r"^self_attn\.", "attention."),
            (r"out_proj", "out"),
            (r"^norm1", "before_attention"),
            (r"^norm2", "before_mlp"),
            (r"^linear1", "mlp.0"),
            (r"^linear2", "mlp.2"),
        ],
    )
    tokens = torch.randn(2, 9, 8)
    torch.testing.assert_close(ours(tokens), theirs(tokens))


@torch.no_grad()
def test_attention_maps_are_pictures_of_the_grid():
    backbone = VisionTransformer(MINI).eval()
    looks = backbone.attention_maps(torch.randn(1, 3, 40, 61))
    assert len(looks) == MINI.depth
    assert looks[0].shape == (1, 4, 5, 8, 5, 8)
    for look in looks:
        sums = look.sum((-2, -1))
        torch.testing.assert_close(sums, torch.ones_like(sums))


@pytest.mark.parametrize("grid", [(4, 1), (1, 1), (3, 5)])
def test_positions_are_right_for_narrow_images(grid):
    """In double precision, channel by channel."""
    backbone = VisionTransformer(MINI)
    found = backbone.positions_for(grid)[0]
    for channel in (0, 63):
        trained = backbone.positions[0, :, channel].double().view(8, 8)
        wanted = F.interpolate(
            trained[None, None], grid, mode="bicubic", antialias=True
        )
        torch.testing.assert_close(
            found[:, channel].double(), wanted.flatten(), atol=1e-6, rtol=0
        )


def test_position_embedding_keeps_its_place():
    backbone = VisionTransformer(MINI)
    with torch.no_grad():
        backbone.positions.copy_(torch.arange(64.0)[None, :, None])
    assert backbone.positions_for((8, 8)) is backbone.positions
    finer = backbone.positions_for((16, 16))[0, :, 0].view(16, 16)
    assert (finer.diff(dim=0) > 0).all()
    assert (finer.diff(dim=1) > 0).all()


@pytest.mark.parametrize(
    ("size", "wanted"), [((1, 1), (8, 8)), ((8, 16), (8, 16))]
)
def test_padding(size, wanted):
    x = torch.ones(1, 2, *size)
    padded = pad_to_multiple(x, 8)
    assert padded.shape[-2:] == wanted
    assert torch.equal(padded[..., : size[0], : size[1]], x)
    assert padded.sum() == x.sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 1}, "depth must be 2 or more, got 1"),
        ({"patch_size": 24}, r"multiples of patch_size, got \(64, 64\)"),
        ({"image_size": (64, 0)}, "multiples of patch_size"),
    ],
)
def test_sizes_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        replace(MINI, **change)


def test_heads_divide_the_width():
    with pytest.raises(
        ValueError, match="divisible by heads, got 64 and 5"
    ):
        VisionTransformer(VisionTransformerSize(64, 2, 5))
