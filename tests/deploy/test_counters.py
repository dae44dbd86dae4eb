import sys

import numpy as np
import pytest

from seglab.deploy.counters import Counters
from seglab.deploy.segmenter import Segmentation


def test_what_prometheus_reads():
    counters = Counters()
    counters.answered(200, 0.02)
    counters.answered(200, 0.3)
    counters.answered(415, 0.001)
    counters.segmented(Segmentation(np.eye(2) > 0, 0.5, 0.97, 0.4, 0.1))
    text, kind = counters.as_text()
    lines = text.decode().splitlines()
    assert kind.startswith("text/plain")
    assert 'seglab_requests_total{status="200"} 2.0' in lines
    assert 'seglab_requests_total{status="415"} 1.0' in lines
    assert "seglab_request_seconds_count 3.0" in lines
    assert 'seglab_confidence_bucket{le="0.95"} 0.0' in lines
    assert 'seglab_confidence_bucket{le="1.0"} 1.0' in lines
    assert "seglab_foreground_share_sum 0.5" in lines
    assert "seglab_present 0.0" in lines


def test_two_services_do_not_share_counts():
    one, other = Counters(), Counters()
    one.answered(200, 0.1)
    assert b'{status="200"}' not in other.as_text()[0]


def test_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ImportError, match=r"seglab\[deploy\]"):
        Counters()
