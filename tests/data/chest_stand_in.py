"""A made-up scan with the parts that the projector looks for."""

import numpy as np

from seglab.data.chest_scan import ChestScan


def stand_in_scan():
    """A trunk on a table: lungs over a liver, a heart with contrast."""
    hounsfield = np.full((40, 60, 70), -1024, dtype=np.int16)
    labels = np.zeros(hounsfield.shape, dtype=np.uint8)
    hounsfield[:, 10:45, 10:60] = 30
    hounsfield[:, 52:54, 5:65] = 400  # the table
    for label, columns in ((12, slice(14, 30)), (10, slice(40, 56))):
        hounsfield[12:36, 14:40, columns] = -850
        labels[12:36, 14:40, columns] = label
    labels[16:26, 16:26, 32:39] = 51
    hounsfield[16:26, 16:26, 32:39] = 700
    labels[4:18, 14:30, 14:30] = 5
    hounsfield[4:18, 14:30, 14:30] = 60
    labels[:, 40:43, 33:38] = 38
    hounsfield[:, 40:43, 33:38] = 600
    return ChestScan(
        hounsfield,
        labels,
        (5.0, 4.0, 4.0),
        {
            "liver": 5,
            "lung_upper_lobe_left": 10,
            "lung_upper_lobe_right": 12,
            "vertebrae_T6": 38,
            "heart": 51,
        },
    )
