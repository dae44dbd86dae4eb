import importlib

import pytest
import torch
from torch import nn

from seglab import weights
from seglab.models import UNet

ARGUMENTS = {"in_channels": 1, "num_classes": 2, "widths": [4, 8]}


class Doubler(nn.Module):
    """A class that seglab.models does not hold."""

    def __init__(self, size):
        super().__init__()
        self.factor = nn.Parameter(torch.rand(size))


def small_unet():
    torch.manual_seed(0)
    return UNet(**{**ARGUMENTS, "widths": tuple(ARGUMENTS["widths"])})


def save(folder, name="tiny", model=None, **changes):
    model = model or small_unet()
    settings = {
        "arguments": ARGUMENTS,
        "recipe": "recipes/tiny.py",
        "seed": 4,
        "steps": 10,
        "seconds": 1.234,
        "metric": {"dice": 0.91234},
        "extra": {"size": 96, "note": 'a "quoted" word'},
        **changes,
    }
    weights.save_entry(name, model, folder=folder, **settings)
    return model.eval()


def test_round_trip(tmp_path):
    model = save(tmp_path)
    again = weights.load_model("tiny", folder=tmp_path)
    image = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        assert torch.allclose(again(image), model(image), atol=1e-2)
    assert not again.training
    kinds = {p.dtype for p in again.parameters()}
    assert kinds == {torch.float32}


def test_the_row_says_all(tmp_path):
    save(tmp_path)
    row = weights.entry("tiny", folder=tmp_path)
    assert row.model == "UNet" and row.arguments == ARGUMENTS
    assert row.metric == {"dice": 0.9123} and row.seconds == 1.2
    assert row.extra == {"size": 96, "note": 'a "quoted" word'}


def test_other_rows_stay(tmp_path):
    save(tmp_path, "b")
    save(tmp_path, "a")
    save(tmp_path, "b", seed=5)
    table = weights.entries(folder=tmp_path)
    assert list(table) == ["a", "b"]
    assert (table["a"].seed, table["b"].seed) == (4, 5)


def test_half_precision_on_disk(tmp_path):
    model = save(tmp_path)
    numbers = sum(t.numel() for t in model.state_dict().values())
    size = (tmp_path / "tiny.safetensors").stat().st_size
    assert size < 2 * numbers + 4000


def test_a_changed_file_is_refused(tmp_path):
    save(tmp_path)
    file = tmp_path / "tiny.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match="sha256"):
        weights.load_state("tiny", folder=tmp_path)


def test_unknown_name(tmp_path):
    with pytest.raises(KeyError, match="name must be one of"):
        weights.load_model("none", folder=tmp_path)


def test_a_missing_file(tmp_path):
    save(tmp_path)
    (tmp_path / "tiny.safetensors").unlink()
    with pytest.raises(FileNotFoundError):
        weights.load_model("tiny", folder=tmp_path)


def test_arguments_must_build_the_model(tmp_path):
    with pytest.raises(RuntimeError):
        save(tmp_path, arguments={**ARGUMENTS, "widths": [4, 16]})
    assert not (tmp_path / "tiny.safetensors").exists()


def test_only_models_are_built(tmp_path):
    save(tmp_path)
    table = tmp_path / "weights.toml"
    text = table.read_text().replace('"UNet"', '"count_parameters"')
    table.write_text(text)
    with pytest.raises(ValueError, match="model must name a class"):
        weights.load_model("tiny", folder=tmp_path)


def test_weights_of_a_class_of_another_room(tmp_path):
    model = Doubler(size=3)
    save(tmp_path, model=model, arguments={"size": 3})
    loaded = weights.load_as(Doubler, "tiny", folder=tmp_path)
    assert not loaded.training
    torch.testing.assert_close(loaded.factor, model.factor.half().float())
    with pytest.raises(ValueError, match="kind must be Doubler"):
        weights.load_as(UNet, "tiny", folder=tmp_path)
    with pytest.raises(ValueError, match="load_as"):
        weights.load_model("tiny", folder=tmp_path)


def test_what_toml_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a value in the table"):
        save(tmp_path, extra={"size": None})


def build_tiny(factor):
    return nn.Linear(factor, 1)


def test_a_function_may_build_the_model(tmp_path):
    model = nn.Linear(3, 1)
    settings = {"arguments": {"factor": 3}, "kind": build_tiny}
    save(tmp_path, "built", model, **settings)
    assert weights.entry("built", folder=tmp_path).model == "build_tiny"
    loaded = weights.load_as(build_tiny, "built", folder=tmp_path)
    torch.testing.assert_close(
        loaded.weight, model.weight, rtol=0, atol=1e-3
    )


# where the classes live that seglab.models does not hold
ROOMS = {
    "DetectronMaskRCNN": "detectron.networks",
    "DetectronPanopticFPN": "detectron.networks",
    "PanopticDeepLab": "panoptic.deeplab",
    "SmallMask2Former": "panoptic.mask2former",
    "SmallMaskRCNN": "maskrcnn.small",
    "Solov2": "onestage.solov2",
    "Yolact": "onestage.yolact",
}
PROMPTABLE = {"build_mini_sam": "mini", "build_mini_sam2": "sam2.mini"}


@pytest.mark.parametrize("name", sorted(weights.entries()))
def test_committed_weights_load(name):
    kind = weights.entry(name).model
    if kind in PROMPTABLE:
        dotted = f"seglab.promptable.{PROMPTABLE[kind]}"
        build = getattr(importlib.import_module(dotted), kind)
        assert not weights.load_as(build, name).training
        return
    if kind not in ROOMS:
        assert not weights.load_model(name).training
        return
    if kind.startswith("Detectron"):
        pytest.importorskip("detectron2")
    room = importlib.import_module(f"seglab.instances.{ROOMS[kind]}")
    assert not weights.load_as(getattr(room, kind), name).training


def test_committed_weights_stay_small():
    files = weights.FOLDER.glob("*.safetensors")
    assert sum(file.stat().st_size for file in files) < 20e6


def test_a_model_is_scored_as_it_will_be_loaded(tmp_path):
    model = small_unet().train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    ours = weights.as_loaded(model)
    assert model.training
    save(tmp_path, model=model)
    theirs = weights.load_model("tiny", folder=tmp_path).state_dict()
    for key, value in ours.state_dict().items():
        assert torch.equal(value, theirs[key])
        assert torch.equal(before[key], model.state_dict()[key])
    assert not ours.training
