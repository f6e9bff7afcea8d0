"""Metrics in Prometheus's text format."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from charlstm.server.engine import Engine

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of a server: requests by path and status, their duration, characters, and texts by model."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "charlstm_requests", "Requests by path and status.", ["path", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "charlstm_request_seconds", "Seconds from a request to the end of its response.", ["path"], buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(_Texts(engines))

    def observe(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def response(self) -> Response:
        """Return all present numbers."""
        return Response(generate_latest(self._registry), media_type="text/plain; version=0.0.4; charset=utf-8")


class _Texts(Collector):
    """Numbers of the engines, read when the metrics are requested."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        characters = CounterMetricFamily("charlstm_characters", "Characters written.", labels=["model"])
        waiting = GaugeMetricFamily("charlstm_queue", "Texts that wait.", labels=["model"])
        active = GaugeMetricFamily("charlstm_texts", "Texts that are written at the moment.", labels=["model"])
        for name, engine in self._engines.items():
            characters.add_metric([name], engine.characters)
            waiting.add_metric([name], engine.queue)
            active.add_metric([name], engine.active)
        return [characters, waiting, active]
