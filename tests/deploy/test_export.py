import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seglab.deploy import export
from seglab.deploy.export import to_exported_program, to_onnx
from seglab.deploy.session import OnnxModel


class Halved(nn.Module):
    """Pools by two, and comes back at the image's size."""

    def __init__(self):
        super().__init__()
        self.convolve = nn.Conv2d(2, 3, 3, padding=1)

    def forward(self, images):
        small = F.max_pool2d(self.convolve(images), 2)
        return F.interpolate(small, images.shape[-2:], mode="bilinear")


class Branches(nn.Module):
    """Computes something else from 20 pixels on."""

    def forward(self, images):
        if images.shape[-1] >= 20:
            return 2 * images
        return images


class Doubled(nn.Module):
    """Says one thing while it is traced, and another one later."""

    def forward(self, images):
        return images * (2 if torch.compiler.is_compiling() else 1)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Halved().eval()


def test_the_committed_network_agrees_at_two_sizes(lungs_file):
    from seglab import weights

    network, model = weights.load_model("lungs_unet"), OnnxModel(lungs_file)
    assert model.step == 16
    for shape in ((1, 1, 128, 128), (3, 1, 64, 208)):
        images = torch.rand(shape)
        with torch.inference_mode():
            wanted = network(images)
        got = torch.from_numpy(model(images.numpy()))
        torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


def test_any_size(network, tmp_path):
    file = to_onnx(
        network, torch.rand(1, 2, 8, 8), tmp_path / "a.onnx", step=1
    )
    onnx.checker.check_model(file, full_check=True)
    (operators,) = onnx.load(file).opset_import
    assert operators.version == export.OPSET
    model = OnnxModel(file)
    for shape in ((1, 2, 8, 8), (5, 2, 13, 31), (2, 2, 2, 3)):
        images = torch.rand(shape)
        with torch.inference_mode():
            wanted = network(images)
        got = torch.from_numpy(model(images.numpy()))
        torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)


def test_one_size_alone(network):
    program = to_exported_program(network, torch.rand(1, 2, 8, 6)).module()
    images = torch.rand(1, 2, 8, 6)
    torch.testing.assert_close(program(images), network(images))
    with pytest.raises((AssertionError, RuntimeError), match=r"6|shape"):
        program(torch.rand(1, 2, 8, 8))


@pytest.mark.parametrize(
    ("side", "step", "taken", "refused"),
    [
        (32, 16, (32, 48), (16,)),
        (32, 1, (20, 33), (8, 19)),
        (10, 1, (8, 19), (20, 32)),
    ],
)
def test_sizes_that_the_trace_did_not_see_are_refused(
    tmp_path, side, step, taken, refused
):
    """Branches at 20 pixels: a trace knows one side of that alone."""
    network = Branches().eval()
    example = torch.rand(1, 1, side, side)
    program = to_exported_program(network, example, step=step).module()
    file = to_onnx(network, example, tmp_path / "a.onnx", step=step)
    model = OnnxModel(file)
    for size in taken:
        images = torch.rand(1, 1, size, size)
        torch.testing.assert_close(program(images), network(images))
        torch.testing.assert_close(
            torch.from_numpy(model(images.numpy())), network(images)
        )
    for size in refused:
        images = torch.rand(1, 1, size, size)
        with pytest.raises((AssertionError, RuntimeError)):
            program(images)
        with pytest.raises(ValueError, match="px a side, got"):
            model(images.numpy())


def test_limits_are_kept_with_a_step_too(tmp_path):
    """The trace saw 128 px, and the network does more above 256."""

    class Smoothing(torch.nn.Module):
        def forward(self, images):
            if images.shape[-1] > 256:
                return torch.nn.functional.avg_pool2d(images, 3, 1, 1)
            return 2 * images

    example = torch.rand(1, 1, 128, 128)
    model = OnnxModel(
        to_onnx(Smoothing().eval(), example, tmp_path / "a.onnx", step=16)
    )
    images = torch.rand(1, 1, 256, 256).numpy()
    assert (model(images) == 2 * images).all()
    with pytest.raises(ValueError, match="px a side, got"):
        model(torch.rand(1, 1, 320, 320).numpy())


def test_a_unet_needs_its_step():
    from seglab.models import UNet

    network = UNet(1, 2, widths=(2, 4)).eval()
    example = torch.rand(1, 1, 8, 12)
    with pytest.raises(ValueError, match=r"the same way .* step 1"):
        to_exported_program(network, example, step=1)
    program = to_exported_program(network, example, step=2)
    images = torch.rand(4, 1, 6, 22)
    torch.testing.assert_close(program.module()(images), network(images))


def test_a_program_that_differs_is_not_given_out():
    with pytest.raises(RuntimeError, match="differs from the network's"):
        to_exported_program(Doubled().eval(), torch.ones(1, 1, 2, 2))


def test_a_file_that_differs_is_not_left_behind(tmp_path):
    with pytest.raises(RuntimeError, match="differs from the network's"):
        to_onnx(
            Doubled().eval(), torch.ones(1, 1, 2, 2), tmp_path / "a.onnx"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("example", "step", "said"),
    [
        (torch.rand(2, 8, 8), None, "must be float .N, C, H, W., got"),
        (torch.ones(1, 2, 8, 8).int(), None, "got torch.int32"),
        (torch.rand(1, 2, 8, 8), 0, "step must be 1 or more, got 0"),
        (torch.rand(1, 2, 8, 9), 4, "must be multiples of 4 a side"),
        (torch.rand(1, 2, 8, 4), 4, "from 8 on, got .8, 4."),
    ],
)
def test_wrong_arguments(network, example, step, said):
    with pytest.raises(ValueError, match=said):
        to_exported_program(network, example, step=step)


def test_training_mode_is_refused(network):
    with pytest.raises(ValueError, match="eval mode"):
        to_exported_program(network.train(), torch.rand(1, 2, 8, 8))
