"""A network as a program that runs without its Python source.

``torch.export`` traces the network once and keeps the operations. Where
the source asks about the image's size, the trace keeps the answer that the
example gave, and may be wrong for other sizes. So every export is run at a
second size, and beside the network, before anything is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seglab.deploy.session import SIDES, STEP, OnnxModel
from seglab.extras import optional
from seglab.files import replacing

if TYPE_CHECKING:
    from torch.export import ExportedProgram

OPSET = 23
TOLERANCE = 1e-4
# what stands for no limit
LONGEST = 2**31 - 1


def to_exported_program(
    network: nn.Module, example: Tensor, *, step: int | None = None
) -> ExportedProgram:
    """A network as a ``torch.export`` program.

    Args:
        network: [N, C, H, W] to [N, K, h, w], in eval mode.
        example: float [N, C, H, W], as the network will see it.
        step: height and width may be any multiple of this, from twice
            it on, and the batch of any size; None for the example's
            shape and no other. A U-Net with four poolings allows 16.

    Raises:
        ValueError: the network is in training mode, the example is not
            [N, C, H, W] or not two steps or more a side, or the network
            does not allow the step.
        RuntimeError: the program's output differs from the network's.

    Source:
        PyTorch 2 (Ansel et al. 2024).

    >>> images = -torch.ones(1, 1, 2, 2)
    >>> program = to_exported_program(nn.ReLU().eval(), images)
    >>> program.module()(images).max().item()
    0.0
    """
    _check(network, example, step)
    program = _trace(network, example, step)
    _compare(program.module(), network, example, step)
    return program


def to_onnx(
    network: nn.Module,
    example: Tensor,
    target: str | Path,
    *,
    step: int | None = None,
    opset: int = OPSET,
) -> Path:
    """Write a network as an ONNX file; its input is ``image``.

    Args:
        network, example, step: as for `to_exported_program`.
        target: the file; it carries its name when it is checked.
        opset: version of ONNX's operators.

    Returns:
        The file, which `seglab.deploy.session.OnnxModel` opens.

    Raises:
        ImportError: a library is missing; names the extra.
        ValueError: as `to_exported_program`.
        RuntimeError: onnxruntime's output differs from the network's.

    Convention:
        Outputs agree where they differ by at most 1e-4 of the largest
        absolute output, or of 1 if that is less.
    """
    onnx = optional("onnx", "ONNX", "deploy")
    optional("onnxscript", "writing ONNX", "deploy")
    _check(network, example, step)
    program = _trace(network, example, step)
    exported = torch.onnx.export(
        program,
        dynamo=True,
        external_data=False,
        opset_version=opset,
        input_names=["image"],
        output_names=["logits"],
        verbose=False,
    )
    assert exported is not None
    model = exported.model_proto
    if step is not None:
        about = {STEP: step, SIDES: "{} {}".format(*_sides(program, step))}
        for key, value in about.items():
            model.metadata_props.add(key=key, value=str(value))
    with replacing(target) as temporary:
        onnx.save(model, temporary)
        onnx.checker.check_model(temporary)
        session = OnnxModel(temporary)
        _compare(
            lambda images: torch.from_numpy(session(images.numpy())),
            network,
            example,
            step,
        )
    return Path(target)


def _check(network: nn.Module, example: Tensor, step: int | None) -> None:
    if network.training:
        raise ValueError(
            "network must be in eval mode: batch norm and dropout differ; "
            "call network.eval() first"
        )
    if example.ndim != 4 or not example.is_floating_point():
        raise ValueError(
            "example must be float [N, C, H, W], got "
            f"{example.dtype} {tuple(example.shape)}"
        )
    if step is None:
        return
    if step < 1:
        raise ValueError(f"step must be 1 or more, got {step}")
    sides = example.shape[-2:]
    if any(side % step or side < 2 * step for side in sides):
        raise ValueError(
            f"example must be multiples of {step} a side, from {2 * step} "
            f"on, got {tuple(sides)}"
        )


def _trace(
    network: nn.Module, example: Tensor, step: int | None
) -> ExportedProgram:
    if step is None:
        return torch.export.export(network, (example,))
    # a batch of one would be kept as one, whatever the axis is called
    images = example if len(example) > 1 else example.repeat(2, 1, 1, 1)
    shapes = {0: torch.export.Dim("batch"), 2: _side("h", step)}
    shapes[3] = _side("w", step)
    try:
        return torch.export.export(
            network, (images,), dynamic_shapes=(shapes,)
        )
    # torch.export says by many kinds of errors that a size is fixed
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            "network must allow every height and width that is a multiple "
            f"of step {step}; torch.export says: {reason}"
        ) from error


def _side(name: str, step: int) -> Any:
    if step == 1:
        # the range is found: networks ask for some pixels a side
        return torch.export.Dim.DYNAMIC
    return step * torch.export.Dim(name, min=1)


def _sides(program: ExportedProgram, step: int) -> tuple[int, int]:
    """The shortest and the longest side that the trace holds for.

    A program refuses others by itself; an ONNX file would compute on.
    """
    (name,) = program.graph_signature.user_inputs
    (image,) = (n for n in program.graph.nodes if n.name == name)
    # sizes of 0 and 1 steps are not covered by a symbolic trace
    shortest, longest = 2 * step, LONGEST
    for side in image.meta["val"].shape[2:]:
        # a side is step times a symbol, and the limits are the symbol's
        (symbol,) = side.node.expr.free_symbols
        known = program.range_constraints.get(symbol)
        if known is not None:
            shortest = max(shortest, step * int(known.lower))
            longest = int(min(step * known.upper, longest))
    return shortest, longest


def _compare(
    program: Any, network: nn.Module, example: Tensor, step: int | None
) -> None:
    """Raise unless both give the same, for each of two sizes."""
    batch, channels, height, width = example.shape
    shapes = [(batch, channels, height, width)]
    if step is not None:
        shapes.append((3, channels, height + step, width + 2 * step))
    draw = torch.Generator().manual_seed(0)
    for shape in shapes:
        images = torch.rand(shape, generator=draw, dtype=example.dtype)
        with torch.inference_mode():
            wanted = network(images)
        try:
            with torch.inference_mode():
                got = program(images)
        # a guard of the trace, or an operation that meets wrong shapes
        except Exception as error:
            raise ValueError(
                "network must compute the same way at every size that step "
                f"{step} allows; its export fails at {shape}"
            ) from error
        _check_equal(got, wanted, shape)


def _check_equal(
    got: Tensor, wanted: Tensor, shape: tuple[int, ...]
) -> None:
    if got.shape != wanted.shape:
        raise RuntimeError(
            f"the export gives {tuple(got.shape)} for images of {shape}, "
            f"the network {tuple(wanted.shape)}"
        )
    largest = max(1.0, wanted.abs().max().item())
    difference = (got - wanted).abs().max().item()
    if not difference <= TOLERANCE * largest:
        raise RuntimeError(
            f"the export's output for images of {shape} differs from the "
            f"network's by {difference:.2g}, where {TOLERANCE:g} of "
            f"{largest:.2g} is allowed"
        )
