"""What differs between simulated radiographs, drawn from a seed.

A *virtual patient* is a smooth deformation of one real scan with its own
attenuation: it adds variety, and it is not another patient. A *shot* is
how that virtual patient stands and how the film is exposed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WARP_NODES = 5


@dataclass(frozen=True, eq=False)
class VirtualPatient:
    """A deformation of the scan, and how much its tissues attenuate.

    Attributes:
        scale: size relative to the scan along (z, y, x).
        warp_mm: [3, K, K, K] displacements along (z, y, x) at the nodes
            of a smooth field that spans 400 mm each way.
        lung, soft, bone: attenuation relative to the CT's densities.
    """

    scale: NDArray[np.float64]
    warp_mm: NDArray[np.float64]
    lung: float
    soft: float
    bone: float


@dataclass(frozen=True)
class Shot:
    """How the patient stands, and how the film is exposed.

    Attributes:
        turn: degrees about the body's long axis; the front of the
            chest moves to the viewer's left.
        tilt: degrees about the line through both shoulders; the front
            moves up.
        roll: degrees about the beam, clockwise for the viewer.
        shift_mm: across the film, (down, right).
        distance_mm: from the source to the middle of the lungs.
        brightness: added to the grey level, which runs from 0 to 1.
        contrast: factor on the grey level.
        noise: standard deviation of the film's noise where it is dark.
        seed: of that noise.
    """

    turn: float
    tilt: float
    roll: float
    shift_mm: tuple[float, float]
    distance_mm: float
    brightness: float
    contrast: float
    noise: float
    seed: int


def virtual_patient(seed: int) -> VirtualPatient:
    """Draw a virtual patient: size, warp and attenuation.

    Raises:
        ValueError: the seed is negative.

    >>> virtual_patient(3).bone == virtual_patient(3).bone
    True
    """
    _check_seed(seed)
    rng = np.random.default_rng([1, seed])
    low, high = (0.92, 0.82, 0.88), (1.05, 1.15, 1.08)
    size = (3,) + (_WARP_NODES,) * 3
    return VirtualPatient(
        scale=rng.uniform(low, high),
        warp_mm=rng.normal(0, 6.0, size),
        lung=rng.uniform(0.7, 1.4),
        soft=rng.uniform(0.85, 1.1),
        bone=rng.uniform(2.2, 3.6),
    )


def shot(seed: int) -> Shot:
    """Draw a shot: pose and exposure.

    Raises:
        ValueError: the seed is negative.

    >>> abs(shot(3).turn) <= 10
    True
    """
    _check_seed(seed)
    rng = np.random.default_rng([2, seed])
    down, right = rng.uniform(-8, 8, 2)
    return Shot(
        turn=rng.uniform(-10, 10),
        tilt=rng.uniform(-8, 8),
        roll=rng.uniform(-5, 5),
        shift_mm=(float(down), float(right)),
        distance_mm=rng.uniform(1400, 2000),
        brightness=rng.uniform(-0.06, 0.06),
        contrast=rng.uniform(0.88, 1.12),
        noise=rng.uniform(0.002, 0.008),
        seed=seed,
    )


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
