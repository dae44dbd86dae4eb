"""From boxes to a reviewed data set: a model proposes, a person decides."""

from seglab.promptable.autolabel.agreement import Agreement, agreement
from seglab.promptable.autolabel.clicking import ClickCorrector, Correction
from seglab.promptable.autolabel.folder import (
    Proposals,
    pictures_in,
    propose_all,
    read_proposals,
)
from seglab.promptable.autolabel.journal import Journal
from seglab.promptable.autolabel.proposals import (
    Proposal,
    Scores,
    Thresholds,
    propose,
)
from seglab.promptable.autolabel.review import Decision, Review
from seglab.promptable.autolabel.simulation import (
    Effort,
    TrueObjects,
    outline_clicks,
    review_all,
)
from seglab.promptable.autolabel.sources import (
    BoxSource,
    DetectorBoxes,
    GivenBoxes,
    LabelledBoxes,
    TorchvisionBoxes,
    yolo_boxes,
)

__all__ = [
    "Agreement",
    "BoxSource",
    "ClickCorrector",
    "Correction",
    "Decision",
    "DetectorBoxes",
    "Effort",
    "GivenBoxes",
    "Journal",
    "LabelledBoxes",
    "Proposal",
    "Proposals",
    "Review",
    "Scores",
    "Thresholds",
    "TorchvisionBoxes",
    "TrueObjects",
    "agreement",
    "outline_clicks",
    "pictures_in",
    "propose",
    "propose_all",
    "read_proposals",
    "review_all",
    "yolo_boxes",
]
