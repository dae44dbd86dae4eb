"""An ONNX file as a function from NumPy to NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.extras import optional

# key of the file's metadata: what height and width must be multiples of
STEP = "seglab.step"
# and between which two numbers they must lie
SIDES = "seglab.sides"


class OnnxModel:
    """A network in an ONNX file, run by onnxruntime on the CPU.

    Call it with images, float [N, C, H, W]; it returns logits, float32
    [N, K, H, W]. Threads may call it at the same time. It can be pickled:
    the file is opened anew where it arrives.

    Args:
        file: as `seglab.deploy.export.to_onnx` writes it; any other with
            one input and one output will do.
        threads: that one call may use.

    Raises:
        ImportError: onnxruntime is missing; names the extra.
        FileNotFoundError: there is no such file.
        ValueError: the file is no ONNX network of one input, or a number
            of threads below 1.

    Attributes:
        file: where it came from.
        input_name: what the file calls its input.
        step: height and width must be multiples of it.
    """

    def __init__(self, file: str | Path, *, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads must be 1 or more, got {threads}")
        self.file = Path(file)
        self._threads = threads
        self._session = _open(self.file, threads)
        inputs = self._session.get_inputs()
        shapes = [entry.shape for entry in inputs]
        if len(shapes) != 1 or len(shapes[0]) != 4:
            raise ValueError(
                "file must hold a network of one input [N, C, H, W], got "
                f"{shapes} in {file}"
            )
        self.input_name: str = inputs[0].name
        # a number where the size is fixed, a name where it is not
        self._shape: list[int | str] = shapes[0]
        about = self._session.get_modelmeta().custom_metadata_map
        self.step = int(about.get(STEP, 1))
        shortest, longest = about.get(SIDES, "1 2147483647").split()
        self._sides = range(int(shortest), int(longest) + 1)

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Logits of images.

        Args:
            images: float [N, C, H, W]; float32 is taken without a copy.

        Raises:
            TypeError: no floats.
            ValueError: a shape that the network does not take.
        """
        array = np.asarray(images)
        if array.dtype.kind != "f":
            raise TypeError(
                f"images must hold floats, got {array.dtype}; scale them "
                "as for training"
            )
        self._check_shape(array.shape)
        feed = {self.input_name: np.ascontiguousarray(array, np.float32)}
        logits: NDArray[np.float32] = self._session.run(None, feed)[0]
        return logits

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        axes = [
            str(size) if isinstance(size, int) else axis
            for size, axis in zip(self._shape, "NCHW", strict=True)
        ]
        fits = len(shape) == len(self._shape) and all(
            size == fixed or (isinstance(fixed, str) and size > 0)
            for size, fixed in zip(shape, self._shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"images must have shape [{', '.join(axes)}], got "
                f"{list(shape)}"
            )
        if any(side % self.step for side in shape[-2:]):
            raise ValueError(
                f"images must be multiples of {self.step} px a side, got "
                f"{list(shape[-2:])}"
            )
        if any(side not in self._sides for side in shape[-2:]):
            raise ValueError(
                f"images must be {self._sides.start} to "
                f"{self._sides.stop - 1} px a side, got {list(shape[-2:])}"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.file, self._threads)


def _reopen(file: Path, threads: int) -> OnnxModel:
    return OnnxModel(file, threads=threads)


def _open(file: Path, threads: int) -> Any:
    runtime = optional("onnxruntime", "running ONNX", "deploy")
    if not file.is_file():
        raise FileNotFoundError(f"file must be an ONNX file, got {file}")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # a thread that waits must not keep a core from others
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(
            file, options, providers=["CPUExecutionProvider"]
        )
    # onnxruntime's errors share no class but this
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"file must be an ONNX network, got {file}: {reason}"
        ) from error
