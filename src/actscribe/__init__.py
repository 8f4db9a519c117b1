"""ActScribe writes the activity timeline of a video with recognizers that run on your own machine.

The same steps as on the command line, as functions; a path is a string or a `Path`:

    from actscribe import annotate, evaluate, train

    run = train("my-study")  # the study's first recognizer, as the command line
    print(evaluate(run).evaluation.table.to_string())
    for interval in annotate("new.mp4", run).intervals:
        print(interval.label, interval.start, interval.end)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from actscribe.annotations import Annotations, FrameClock, Interval, convert
    from actscribe.annotations import read as read_annotations
    from actscribe.annotations import write as write_annotations
    from actscribe.benchmark.benchmark import benchmark as run_benchmark
    from actscribe.benchmark.plan import Plan as BenchmarkPlan
    from actscribe.compare.compare import compare as compare_recognizers
    from actscribe.compute import Compute
    from actscribe.data.loading import load_data
    from actscribe.data.summary import summarise
    from actscribe.errors import ActScribeError
    from actscribe.labels import Label, LabelSet, load_label_set
    from actscribe.models.device import computing
    from actscribe.run_folder.run import Run
    from actscribe.runs.annotate import annotate
    from actscribe.runs.embedding import embed_clips, embed_video
    from actscribe.runs.evaluate import evaluate
    from actscribe.runs.in_memory import build_timeline, score_clips
    from actscribe.runs.train import train
    from actscribe.settings.study import Study, load_study
    from actscribe.video.frame_times import frame_clock

#: Public name -> where it lives; loaded on first use, so that `import actscribe` stays light.
_HOMES = {
    "ActScribeError": "errors",
    "Annotations": "annotations",
    "BenchmarkPlan": "benchmark.plan:Plan",
    "Compute": "compute",
    "FrameClock": "annotations",
    "Interval": "annotations",
    "Label": "labels",
    "LabelSet": "labels",
    "Run": "run_folder.run",
    "Study": "settings.study",
    "annotate": "runs.annotate",
    "build_timeline": "runs.in_memory",
    "compare_recognizers": "compare.compare:compare",
    "computing": "models.device",
    "convert": "annotations",
    "embed_clips": "runs.embedding",
    "embed_video": "runs.embedding",
    "evaluate": "runs.evaluate",
    "frame_clock": "video.frame_times",
    "load_data": "data.loading",
    "load_label_set": "labels",
    "load_study": "settings.study",
    "read_annotations": "annotations:read",
    "run_benchmark": "benchmark.benchmark:benchmark",
    "score_clips": "runs.in_memory",
    "summarise": "data.summary",
    "train": "runs.train",
    "write_annotations": "annotations:write",
}

__all__ = [
    "ActScribeError",
    "Annotations",
    "BenchmarkPlan",
    "Compute",
    "FrameClock",
    "Interval",
    "Label",
    "LabelSet",
    "Run",
    "Study",
    "annotate",
    "build_timeline",
    "compare_recognizers",
    "computing",
    "convert",
    "embed_clips",
    "embed_video",
    "evaluate",
    "frame_clock",
    "load_data",
    "load_label_set",
    "load_study",
    "read_annotations",
    "run_benchmark",
    "score_clips",
    "summarise",
    "train",
    "write_annotations",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'actscribe' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"actscribe.{module}"), attribute or name)
