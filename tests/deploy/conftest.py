"""What tests of deployment share."""

import pytest

from seglab.deploy import segmenter


@pytest.fixture(scope="session")
def lungs_file():
    """The committed network as ONNX, from the cache folder."""
    return segmenter.lungs_onnx()
