"""Objects in one pass: YOLACT and SOLOv2, small enough for a laptop."""

from seglab.instances.onestage.solov2 import Solov2
from seglab.instances.onestage.solov2_loss import Solov2Loss
from seglab.instances.onestage.suppression import fast_nms, matrix_nms
from seglab.instances.onestage.yolact import Yolact
from seglab.instances.onestage.yolact_loss import YolactLoss

__all__ = [
    "Solov2",
    "Solov2Loss",
    "Yolact",
    "YolactLoss",
    "fast_nms",
    "matrix_nms",
]
