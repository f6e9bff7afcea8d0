"""The history of a model for Python: its evaluations, the points of its curves, and a picture in a notebook."""

import warnings
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from charlstm.checkpoint.history import HistoryEntry
from charlstm.checkpoint.points import Point, read_points
from charlstm.errors import CheckpointError

_STYLE = """
.charlstm-curves .plot { position: relative; height: 16em; max-width: 46em; margin: .5em .8em 2em 3.5em;
  border-left: 1px solid #8888; border-bottom: 1px solid #8888 }
.charlstm-curves figure { margin: 0 } .charlstm-curves svg { position: absolute; inset: 0; width: 100%; height: 100% }
.charlstm-curves path { fill: none; stroke: currentColor; stroke-width: 2; vector-effect: non-scaling-stroke;
  stroke-linecap: round }
.charlstm-curves path.grid { stroke: #8884; stroke-width: 1 } .charlstm-curves path.level { stroke-dasharray: 5 4 }
.charlstm-curves path.thin { stroke-width: 1.25 } .charlstm-curves path.dots { stroke-width: 6 }
.charlstm-curves .c1 { color: #3a86c8 } .charlstm-curves .c2 { color: #d9772b } .charlstm-curves .level,
.charlstm-curves .faint { color: #888 }
.charlstm-curves .plot span { position: absolute; font-size: .8em; line-height: 1; white-space: nowrap; opacity: .75 }
.charlstm-curves .plot .y { right: calc(100% + .4em); transform: translateY(-50%) }
.charlstm-curves .plot .x { top: calc(100% + .4em); transform: translateX(-50%) }
.charlstm-curves .keys span { margin-right: 1em } .charlstm-curves .keys i { display: inline-block; width: 1.4em;
  border-top: 3px solid; vertical-align: middle; margin-right: .4em }
"""


class TrainingHistory(tuple[HistoryEntry, ...]):
    """The evaluations of a training, the oldest first: a tuple that a notebook shows as learning curves.

    Attributes:
        path: Folder of the checkpoint.
    """

    path: Path

    def __new__(cls, evaluations: Iterable[HistoryEntry], path: Path) -> "TrainingHistory":
        """Keep the evaluations, and the folder from which the points are read when they are first needed."""
        history = super().__new__(cls, evaluations)
        history.path = path
        return history

    def __getnewargs__(self) -> tuple[tuple[HistoryEntry, ...], Path]:
        """Return the arguments of a copy."""
        return tuple(self), self.path

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The points of the training curves; none in a checkpoint of an earlier release.

        If the file is damaged there are none either, and a warning says so.
        """
        try:
            return read_points(self.path).points
        except CheckpointError as error:
            warnings.warn(str(error), stacklevel=2)
            return ()

    def _repr_html_(self) -> str:
        from charlstm.evaluation.run_history import compare_runs
        from charlstm.report.curve_chart import chart_html
        from charlstm.report.history_page import loss_chart, plain

        (run,) = compare_runs([self.path]).runs
        found = " ".join(f"{finding.found} {plain(finding.advice)}" for finding in run.findings)
        chart = chart_html(loss_chart([run], None), ("epochs",))
        return f'<div class="charlstm-curves"><style>{_STYLE}</style>{chart}<p>{found}</p></div>'
