"""What a service tells Prometheus about itself."""

from __future__ import annotations

from seglab.deploy.segmenter import Segmentation
from seglab.extras import optional


class Counters:
    """Counts of one service, in a registry of its own.

    ``seglab_requests_total`` by status, ``seglab_request_seconds``,
    ``seglab_present`` (requests being read, waiting or worked on), and
    histograms of what is watched for drift: ``seglab_foreground_share``,
    ``seglab_confidence`` and ``seglab_brightness``. On Linux also the
    process's memory and open files.

    Raises:
        ImportError: prometheus-client is missing; names the extra.
    """

    def __init__(self) -> None:
        client = optional("prometheus_client", "the service", "deploy")
        registry = client.CollectorRegistry()
        client.ProcessCollector(registry=registry)
        self.requests = client.Counter(
            "seglab_requests",
            "Requests for a mask, by status",
            ["status"],
            registry=registry,
        )
        self.seconds = client.Histogram(
            "seglab_request_seconds",
            "From a request's first byte to its answer",
            registry=registry,
        )
        self.present = client.Gauge(
            "seglab_present",
            "Requests being read, waiting or worked on",
            registry=registry,
        )
        tenths = [step / 20 for step in range(1, 21)]
        self._watched = {
            name: client.Histogram(
                f"seglab_{name}", about, buckets=tenths, registry=registry
            )
            for name, about in (
                ("foreground_share", "Share of pixels in the mask"),
                ("confidence", "Mean probability of the chosen class"),
                ("brightness", "Mean grey value as a share of white"),
            )
        }
        self._client, self._registry = client, registry

    def answered(self, status: int, seconds: float) -> None:
        """Note that a request was answered."""
        self.requests.labels(str(status)).inc()
        self.seconds.observe(seconds)

    def segmented(self, found: Segmentation) -> None:
        """Note what was found."""
        for name, histogram in self._watched.items():
            histogram.observe(getattr(found, name))

    def as_text(self) -> tuple[bytes, str]:
        """Everything in Prometheus's format, and its media type."""
        text: bytes = self._client.generate_latest(self._registry)
        return text, self._client.CONTENT_TYPE_LATEST
