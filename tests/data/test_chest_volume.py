"""What is done to the scan before rays are traced."""

import dataclasses

import numpy as np
import pytest
from chest_stand_in import stand_in_scan

from seglab.data.chest_volume import ABDOMEN, matching, prepare_volume


def test_preparation_takes_out_table_and_contrast():
    scan = stand_in_scan()
    volume = prepare_volume(scan)
    density = volume.density.numpy()
    assert volume.codes.shape == density.shape == (133, 160, 187)
    assert density[:, 138:145].max() == 0  # where the table was
    heart = volume.codes % ABDOMEN == 51
    assert density[heart].max() <= 1.045 + 1e-6
    bone = volume.codes % ABDOMEN == 38
    assert np.median(density[bone]) == pytest.approx(1.6, abs=0.05)
    for axis in range(3):
        assert not np.take(volume.codes, [0, -1], axis=axis).any()
    assert prepare_volume(scan) is volume


def test_a_scan_without_lungs_is_refused():
    scan = dataclasses.replace(stand_in_scan(), structures={"liver": 5})
    with pytest.raises(ValueError, match="no structure lung"):
        prepare_volume(scan)


def test_a_label_that_would_read_as_abdomen_is_refused():
    scan = stand_in_scan()
    scan.labels[:4, :4, :4] = 200
    with pytest.raises(ValueError, match="labels must be at most 127"):
        prepare_volume(scan)


def test_gaps_in_the_heart_are_closed():
    scan = stand_in_scan()
    scan.labels[20, 20:22, 34:36] = 0
    volume = prepare_volume(scan)
    whole = prepare_volume(stand_in_scan())
    assert np.array_equal(volume.codes, whole.codes)


def test_matching_takes_wildcards():
    names = {"rib_left_1": 1, "rib_right_1": 2, "heart": 3}
    assert matching(names, "rib_*", "heart") == names
    assert matching(names, "rib_l*") == {"rib_left_1": 1}
