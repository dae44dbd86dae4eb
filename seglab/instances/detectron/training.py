"""Training and evaluation through Detectron2's own trainer."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seglab.instances.detectron._library import detectron2_part
from seglab.instances.detectron.logs import METRICS, logging_to
from seglab.settings import seed_everything


def train(cfg: Any) -> Any:
    """Train what a configuration describes, or go on where it stopped.

    Args:
        cfg: a ``CfgNode``; its log, checkpoints and evaluations go to
            ``cfg.OUTPUT_DIR``.

    Returns:
        The trainer, with the trained ``model``.

    Raises:
        ImportError: Detectron2 is not installed.

    Convention:
        A run that finds a checkpoint in its folder goes on from it. The
        order of the images begins anew there, so that its curve is not the
        one of a run without a stop.
    """
    with logging_to(cfg.OUTPUT_DIR):
        trainer = make_trainer(cfg)
        trainer.resume_or_load(resume=True)
        if trainer.start_iter < cfg.SOLVER.MAX_ITER:
            trainer.train()
    return trainer


def make_trainer(cfg: Any) -> Any:
    """The trainer for a configuration, seeded by it.

    Raises:
        ImportError: Detectron2 is not installed.
    """
    seed_everything(max(cfg.SEED, 0))
    return trainer_class()(cfg)


@cache
def trainer_class() -> Any:
    """Detectron2's ``DefaultTrainer`` with a few methods of its own.

    Gradients are clipped, and AdamW replaces SGD, which learns more slowly
    from scratch. An evaluation measures COCO's average precision, and
    panoptic quality where the data set has it. Checkpoints hold the
    optimiser's state. No TensorBoard.

    Raises:
        ImportError: Detectron2 is not installed.
    """
    default: Any = detectron2_part("engine").DefaultTrainer

    class Trainer(default):
        def __init__(self, cfg: Any) -> None:
            super().__init__(cfg)
            # 0.6 keeps the step and the weights, and forgets the optimiser
            self.checkpointer.add_checkpointable(
                "optimiser", self.optimizer
            )

        @classmethod
        def build_optimizer(cls, cfg: Any, model: nn.Module) -> Any:
            return build_optimiser(cfg, model)

        @classmethod
        def build_evaluator(cls, cfg: Any, dataset_name: str) -> Any:
            return build_evaluator(cfg, dataset_name)

        def build_writers(self) -> list[Any]:
            events = detectron2_part("utils.events")
            metrics = Path(self.cfg.OUTPUT_DIR) / METRICS
            return [
                events.CommonMetricPrinter(self.max_iter),
                events.JSONWriter(str(metrics)),
            ]

    return Trainer


def build_optimiser(cfg: Any, model: nn.Module) -> torch.optim.Optimizer:
    """AdamW that clips the gradient of the whole model before each step.

    Read are ``BASE_LR``, ``WEIGHT_DECAY``, ``WEIGHT_DECAY_NORM`` and
    ``CLIP_GRADIENTS.CLIP_VALUE`` of ``cfg.SOLVER``. Detectron2 itself clips
    the gradient of each parameter by itself, or each number.

    Raises:
        ImportError: Detectron2 is not installed.
    """
    solver = cfg.SOLVER
    groups = detectron2_part("solver").get_default_optimizer_params(
        model, weight_decay_norm=solver.WEIGHT_DECAY_NORM
    )
    optimiser = torch.optim.AdamW(
        groups, lr=solver.BASE_LR, weight_decay=solver.WEIGHT_DECAY
    )
    parameters = [p for group in groups for p in group["params"]]
    longest = solver.CLIP_GRADIENTS.CLIP_VALUE

    def clip(*_: Any) -> None:
        nn.utils.clip_grad_norm_(parameters, longest)

    optimiser.register_step_pre_hook(clip)
    return optimiser


def build_evaluator(cfg: Any, name: str) -> Any:
    """What scores a data set: COCO's average precision, panoptic quality.

    Args:
        cfg: a ``CfgNode``; predictions go to ``OUTPUT_DIR/inference``.
        name: of a registered data set.

    Raises:
        ImportError: Detectron2 is not installed.
    """
    evaluation = detectron2_part("evaluation")
    kind = detectron2_part("data").MetadataCatalog.get(name).evaluator_type
    folder = str(Path(cfg.OUTPUT_DIR) / "inference")
    evaluators = [
        evaluation.COCOEvaluator(name, distributed=False, output_dir=folder)
    ]
    if kind == "coco_panoptic_seg":
        evaluators.append(evaluation.COCOPanopticEvaluator(name, folder))
    return evaluation.DatasetEvaluators(evaluators)


def evaluate(cfg: Any, model: nn.Module) -> dict[str, dict[str, float]]:
    """Score a model on the data sets ``cfg.DATASETS.TEST``.

    Args:
        cfg: a ``CfgNode``.
        model: of Detectron2.

    Returns:
        ``{"bbox": {"AP": ...}, "segm": {...}}``, and ``"panoptic_seg"``
        with its PQ, SQ and RQ; by data set if there are several.

    Raises:
        ImportError: Detectron2 is not installed.

    Convention:
        As Detectron2 has them: from 0 to 100.
    """
    with logging_to(cfg.OUTPUT_DIR):
        return dict(trainer_class().test(cfg, model))
