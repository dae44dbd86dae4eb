"""What a tracker knows of a clip so far, in the open."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seglab.promptable.sam2.frames import FrameSource, prepare_frames

KINDS = ("cond_frame_outputs", "non_cond_frame_outputs")


class Memory(NamedTuple):
    """What is kept of one frame for one object.

    Args:
        frame: its number in the clip.
        prompted: whether somebody pointed at the object in it.
        features: [C, h, w], frame and mask together, in half precision.
        pointer: [D], the mask decoder's token, which stands for what the
            object is.
        visible: whether the model saw it there.
    """

    frame: int
    prompted: bool
    features: Tensor
    pointer: Tensor
    visible: bool


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """What was found in one frame.

    Args:
        frame: its number in the clip.
        object_ids: of the K objects.
        masks: bool [K, H, W], of the frame's own size.
        logits: float32 [K, h, w], small.
    """

    frame: int
    object_ids: list[int]
    masks: Tensor
    logits: Tensor


class VideoState:
    """The memory bank of one clip, with the prompts that were given.

    Convention:
        Of frames that were only tracked the last few are kept, as many as
        the model can read; prompted frames stay. So the state does not
        grow with the clip. A correction further back than that rests on
        the prompted frames alone.

    Args:
        frames: of the clip, read one at a time.
        side: of the model's square, in pixels.
        reach: frames that the model looks back at most.
        place: where the model is.
    """

    def __init__(
        self,
        frames: FrameSource,
        *,
        side: int,
        reach: int,
        place: torch.device,
    ) -> None:
        if not len(frames):
            raise ValueError("frames must be one or more, got none")
        self.frames, self.side, self.reach = frames, side, reach
        height, width = frames[0].shape[-2:]
        self.size = (int(height), int(width))
        self.inside = _as_the_package(self, place)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def object_ids(self) -> list[int]:
        """The objects that were pointed at, in order."""
        return list(self.inside["obj_ids"])

    def prompted_frames(self) -> list[int]:
        """Frames in which some object was pointed at, ascending."""
        given = [
            *self.inside["point_inputs_per_obj"].values(),
            *self.inside["mask_inputs_per_obj"].values(),
        ]
        return sorted({frame for of_object in given for frame in of_object})

    def memories(self, object_id: int) -> list[Memory]:
        """What is kept of an object, by frame.

        Raises:
            KeyError: nobody pointed at it; says which there are.
        """
        if object_id not in self.inside["obj_id_to_idx"]:
            raise KeyError(
                f"object_id must be one of {self.object_ids}, got "
                f"{object_id!r}"
            )
        bank = self.bank(object_id)
        kept = [
            Memory(
                frame,
                kind == KINDS[0],
                entry["maskmem_features"][0],
                entry["obj_ptr"][0],
                bool(entry["object_score_logits"] > 0),
            )
            for kind in KINDS
            for frame, entry in bank[kind].items()
            if entry["maskmem_features"] is not None
        ]
        return sorted(kept, key=lambda memory: memory.frame)

    def bank(self, object_id: int) -> dict[str, dict[int, Any]]:
        """The package's own record of an object, by kind and frame."""
        index = self.inside["obj_id_to_idx"][object_id]
        record: dict[str, dict[int, Any]]
        record = self.inside["output_dict_per_obj"][index]
        return record

    def forget_beyond(self, frame: int) -> None:
        """Drop what no frame from here on can read."""
        for index in self.inside["obj_idx_to_id"]:
            tracked = self.inside["output_dict_per_obj"][index][KINDS[1]]
            for old in [t for t in tracked if abs(t - frame) > self.reach]:
                del tracked[old]

    def nbytes(self) -> int:
        """Bytes of all tensors in the memory bank."""
        banks = (self.bank(object_id) for object_id in self.object_ids)
        return sum(
            part.element_size() * part.numel()
            for bank in banks
            for kind in KINDS
            for entry in bank[kind].values()
            for part in entry.values()
            if isinstance(part, Tensor)
        )


class _Prepared:
    """Frames as the package asks for them, ready for the encoder."""

    def __init__(self, frames: FrameSource, side: int) -> None:
        self.frames, self.side = frames, side

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, t: int) -> Tensor:
        return prepare_frames(self.frames[t][None], self.side)[0]


def _as_the_package(
    state: VideoState, place: torch.device
) -> dict[str, Any]:
    """What ``SAM2VideoPredictor.init_state`` makes of a file (sam2 1.1).

    Its own reads films and folders only, and keeps all frames at once.
    """
    empty: tuple[str, ...] = (
        "point_inputs_per_obj",
        "mask_inputs_per_obj",
        "cached_features",
        "constants",
        "output_dict_per_obj",
        "temp_output_dict_per_obj",
        "frames_tracked_per_obj",
    )
    return {
        "images": _Prepared(state.frames, state.side),
        "num_frames": len(state.frames),
        "offload_video_to_cpu": True,
        "offload_state_to_cpu": True,
        "video_height": state.size[0],
        "video_width": state.size[1],
        "device": place,
        "storage_device": torch.device("cpu"),
        "obj_id_to_idx": OrderedDict(),
        "obj_idx_to_id": OrderedDict(),
        "obj_ids": [],
        **{name: {} for name in empty},
    }
