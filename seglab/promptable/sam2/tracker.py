"""SAM 2 with its state in the open: point once, follow through a clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.promptable.prompts import Prompts, check_inside
from seglab.promptable.sam2._package import find_in_frame
from seglab.promptable.sam2.frames import as_frames
from seglab.promptable.sam2.state import TrackedFrame, VideoState


class PromptableSam2:
    """A SAM 2 for pictures and clips.

    Convention:
        Frames have any size; masks come back in it. Prompts are those of
        :mod:`seglab.promptable.prompts`, of one object each. Objects are
        followed one by one and may overlap.

    Args:
        network: a ``SAM2VideoPredictor``.

    Source:
        Ravi et al., SAM 2: Segment Anything in Images and Videos, ICLR
        2025.
    """

    def __init__(self, network: Any) -> None:
        self.network = network.eval()
        # otherwise a correction is lost when its frame is tracked anew
        network.add_all_frames_to_correct_as_cond = True
        # holes are filled by a CUDA extension that is not built here
        network.fill_hole_area = 0

    @property
    def side(self) -> int:
        """Pixels of the square that the encoder takes."""
        return int(self.network.image_size)

    def watch(self, frames: Any) -> VideoState:
        """Begin with a clip: nothing is computed yet.

        Args:
            frames: float [T, 3, H, W] or [T, 1, H, W] in [0, 1], the path
                of a folder of JPEG files, or a source of frames such as
                ``VolumeFrames``.

        Raises:
            TypeError, ValueError, FileNotFoundError: see ``as_frames``.
        """
        network = self.network
        return VideoState(
            as_frames(frames),
            side=self.side,
            reach=max(network.num_maskmem, network.max_obj_ptrs_in_encoder),
            place=network.device,
        )

    @torch.no_grad()
    def point(
        self,
        state: VideoState,
        frame: int,
        prompts: Prompts,
        *,
        object_id: int,
    ) -> Tensor:
        """Point at an object in a frame, for the first time or to correct.

        Clicks add to those that the object has in this frame already; a
        box or a mask begins anew.

        Args:
            state: from ``watch``; it is changed.
            frame: number of the frame.
            prompts: of one object; masks are logits, and stand alone.
            object_id: any whole number; a new one is a new object.

        Returns:
            Bool [H, W], the object in that frame.

        Raises:
            ValueError: the frame is not in the clip, a click not in the
                frame, or the prompts are of several objects.
        """
        _check_frame(state, frame)
        if len(prompts) != 1:
            raise ValueError(
                f"prompts must be of one object, got {len(prompts)}"
            )
        with self._precision():
            if prompts.masks is not None:
                answer = self._show_mask(state, frame, prompts, object_id)
            else:
                answer = self._show_points(state, frame, prompts, object_id)
        _, object_ids, logits = answer
        return (logits[object_ids.index(object_id), 0] > 0).cpu()

    def _show_mask(
        self,
        state: VideoState,
        frame: int,
        prompts: Prompts,
        object_id: int,
    ) -> Any:
        if prompts.points is not None or prompts.boxes is not None:
            raise ValueError(
                "a mask must stand alone in a prompt for a clip, got "
                "points or boxes with it"
            )
        assert prompts.masks is not None
        full = F.interpolate(
            prompts.masks.float(), state.size, mode="bilinear"
        )
        return self.network.add_new_mask(
            state.inside, frame, object_id, full[0, 0] > 0
        )

    def _show_points(
        self,
        state: VideoState,
        frame: int,
        prompts: Prompts,
        object_id: int,
    ) -> Any:
        height, width = state.size
        # the package puts middles of pixels at halves of its own square
        shift = torch.tensor([width, height]) / (2 * self.side)
        points = labels = box = None
        if prompts.points is not None and prompts.labels is not None:
            check_inside(prompts.points, state.size)
            points = prompts.points[0] + 0.5 - shift
            labels = prompts.labels[0].to(torch.int32)
        if prompts.boxes is not None:
            box = prompts.boxes[0] - shift.repeat(2)
        return self.network.add_new_points_or_box(
            state.inside,
            frame,
            object_id,
            points=points,
            labels=labels,
            box=box,
            clear_old_points=box is not None,
        )

    @torch.no_grad()
    def follow(
        self,
        state: VideoState,
        *,
        start: int | None = None,
        backwards: bool = False,
    ) -> Iterator[TrackedFrame]:
        """Go through the clip and find the objects in each frame.

        Args:
            state: from ``watch``, with prompts; its memory changes.
            start: first frame; without it the first prompted one, or
                backwards the last.
            backwards: towards frame 0.

        Raises:
            ValueError: nobody pointed at anything yet, or the start is not
                in the clip.
        """
        prompted = state.prompted_frames()
        if not prompted:
            raise ValueError(
                "state must hold a prompt before anything is followed, got "
                "none"
            )
        if start is None:
            start = prompted[-1] if backwards else prompted[0]
        _check_frame(state, start)
        end, step = (-1, -1) if backwards else (len(state), 1)
        with self._precision(), torch.inference_mode():
            self.network.propagate_in_video_preflight(state.inside)
        for frame in range(start, end, step):
            with self._precision(), torch.inference_mode():
                logits = [
                    self._find(state, frame, index, backwards)
                    for index in state.inside["obj_idx_to_id"]
                ]
            state.forget_beyond(frame)
            small = torch.cat(logits).float()
            full = F.interpolate(small, state.size, mode="bilinear")
            yield TrackedFrame(
                frame,
                state.object_ids,
                (full[:, 0] > 0).cpu(),
                small[:, 0].cpu(),
            )

    def _find(
        self, state: VideoState, frame: int, index: int, backwards: bool
    ) -> Tensor:
        """Logits [1, 1, h, w] of one object, which is then remembered."""
        inside = state.inside
        bank = inside["output_dict_per_obj"][index]
        inside["frames_tracked_per_obj"][index][frame] = {
            "reverse": backwards
        }
        if frame in bank["cond_frame_outputs"]:
            found: Tensor = bank["cond_frame_outputs"][frame]["pred_masks"]
            return found.to(self.network.device)
        entry, logits = find_in_frame(
            self.network,
            inside,
            bank,
            frame,
            backwards=backwards,
            remember=True,
        )
        bank["non_cond_frame_outputs"][frame] = entry
        kept: Tensor = logits
        return kept

    def track(
        self, frames: Any, prompts: Sequence[Prompts], *, frame: int = 0
    ) -> Tensor:
        """Follow objects through a whole clip, both ways.

        Args:
            frames: see ``watch``.
            prompts: one for each of K objects, all in one frame.
            frame: the one they point in.

        Returns:
            Bool [T, K, H, W].

        Raises:
            ValueError: see ``point``.
        """
        state = self.watch(frames)
        for object_id, prompt in enumerate(prompts):
            self.point(state, frame, prompt, object_id=object_id)
        found: dict[int, Tensor] = {}
        for backwards in (True, False):
            for answer in self.follow(state, backwards=backwards):
                found[answer.frame] = answer.masks
        return torch.stack([found[t] for t in range(len(state))])

    def segment(self, image: Tensor, prompts: Prompts) -> Tensor:
        """Objects of a single picture: a clip of one frame, no memory.

        Args:
            image: float [3, H, W] or [1, H, W] in [0, 1].
            prompts: of P objects.

        Returns:
            Bool [P, H, W].

        Raises:
            TypeError, ValueError: see ``watch`` and ``point``.
        """
        state = self.watch(image[None])
        masks = [
            self.point(state, 0, single, object_id=k)
            for k, single in enumerate(_one_by_one(prompts))
        ]
        return torch.stack(masks)

    def _precision(self) -> AbstractContextManager[Any]:
        """bfloat16 where the device is made for it, float32 elsewhere."""
        place = self.network.device
        if place.type == "cuda" and torch.cuda.is_bf16_supported():
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()


def _one_by_one(prompts: Prompts) -> list[Prompts]:
    """The prompts of each object alone."""
    given: Mapping[str, Tensor] = {
        name: part
        for name, part in vars(prompts).items()
        if part is not None
    }
    return [
        Prompts(**{name: part[k : k + 1] for name, part in given.items()})
        for k in range(len(prompts))
    ]


def _check_frame(state: VideoState, frame: int) -> None:
    if not 0 <= frame < len(state):
        raise ValueError(
            f"frame must be 0 to {len(state) - 1}, got {frame}"
        )
