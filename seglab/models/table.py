"""The table of models, with what each of them costs."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from seglab.models.complexity import count_multiply_adds
from seglab.models.factory import MODELS, find_entry
from seglab.models.parameters import count_parameters


@dataclass(frozen=True)
class ModelRow:
    """One model of the table, with its usual options.

    Args:
        name: for ``build``.
        what: in a few words.
        source: the paper, in short.
        reference: whose output it is proved to give; empty if no library
            has it.
        parameters: that the optimiser may change.
        multiply_adds: of one image, by ``count_multiply_adds``.
        weights: names of the official ones, for ``build``.
    """

    name: str
    what: str
    source: str
    reference: str
    parameters: int
    multiply_adds: int
    weights: tuple[str, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """What the table shows of it."""
        return (
            self.name,
            self.what,
            self.source,
            self.reference or "none",
            ", ".join(self.weights) or "none",
            f"{self.parameters / 1e6:.1f}",
            f"{self.multiply_adds / 1e9:.1f}",
        )


class ModelTable(list[ModelRow]):
    """Rows that a notebook shows as a table, and ``print`` as Markdown.

    Args:
        rows: in the order in which they are shown.
        size: (height, width) for which multiply-adds were counted.

    >>> ModelTable([], (64, 64)).heads[-1]
    'multiply-adds at 64 x 64, in billions'
    """

    def __init__(
        self, rows: Sequence[ModelRow], size: Sequence[int]
    ) -> None:
        super().__init__(rows)
        height, width = size
        self.heads = (
            "name",
            "what it is",
            "source",
            "proved equal to",
            "weights",
            "parameters, in millions",
            f"multiply-adds at {height} x {width}, in billions",
        )

    def _repr_markdown_(self) -> str:
        rules = ["---"] * 5 + ["---:"] * 2
        lines = [self.heads, rules, *(row.cells() for row in self)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def _repr_html_(self) -> str:
        def line(kind: str, cells: Sequence[str]) -> str:
            inside = "".join(
                f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells
            )
            return f"<tr>{inside}</tr>"

        body = "".join(line("td", row.cells()) for row in self)
        head = line("th", self.heads)
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"

    def __str__(self) -> str:
        return self._repr_markdown_()


def available(
    size: Sequence[int] = (256, 256),
    *,
    num_classes: int = 21,
    names: Sequence[str] | None = None,
) -> ModelTable:
    """The models that ``build`` can make, and what they cost.

    Args:
        size: (height, width) of the image in pixels that multiply-adds are
            counted for.
        num_classes: of each model.
        names: of the models to show, in this order; all of them if not
            given.

    Raises:
        ValueError: a size or a number of classes out of range, or an
            unknown name.

    Convention: each model with its usual options, for colour images.
    Nothing is computed or downloaded.

    >>> [row.source for row in available((32, 32), names=["fcn8s"])]
    ['Long et al. 2015']
    """
    rows = []
    for name in MODELS if names is None else names:
        entry = find_entry(name)
        # without values: shapes are all that is counted
        with torch.device("meta"):
            model = entry.make(num_classes, in_channels=3)
        rows.append(
            ModelRow(
                name,
                entry.what,
                entry.source,
                entry.reference,
                count_parameters(model),
                count_multiply_adds(model, size),
                tuple(entry.weights),
            )
        )
    return ModelTable(rows, size)
