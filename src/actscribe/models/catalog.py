"""Known models: what is in the package, in the local Hugging Face cache, or would need a download.

`pull` is the only function of the project that may use the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.files import content_hash
from actscribe.models.checkpoint_files import check_files, missing_files
from actscribe.packages import missing
from actscribe.settings.named_models import EMBEDDED, IMAGENET, IMAGENET_PACKAGE
from actscribe.settings.registry import usual_for

#: Where a model is: carried by the package, complete in the local cache, partly there, or only on the hub.
Location = Literal["package", "cache", "incomplete", "download"]

#: What a pull takes: safetensors, configuration, tokenizer and licence; never a pickle and never code.
ALLOWED = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "*.model", "LICENSE*", "*.md")
#: Kind of what a package brings: a frozen encoder, and no checkpoint.
ENCODER = "encoder"
#: The hub's own account that offers safetensors of older models as pull requests.
CONVERTER = "SFconvertbot"
#: Kind -> what such a model is, in a sentence on one that is none.
_KINDS = {
    "vlm": "vision-language model",
    "timesformer": "video classifier",
    "clip": "CLIP",
    "xclip": "X-CLIP",
    "llm": "text-only language model",
}
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")


@dataclass(frozen=True, slots=True)
class Entry:
    """One known model.

    Args:
        name: to type.
        hub: id on the Hugging Face hub; empty for a model that only the package carries.
        kind: what it is used for: "vlm", "timesformer", "clip", "xclip", "llm" or `ENCODER`.
        family: as people call it.
        parameters: in millions.
        download: in MB (10^6 bytes), safetensors and tokenizer.
        licence: of the weights, as its model card states it.
        note: one line.
        folder: of the package's models that carries it; empty for a model of the hub.
    """

    name: str
    hub: str
    kind: str
    family: str
    parameters: int
    download: int
    licence: str
    note: str = ""
    folder: str = ""


def _vlm(
    name: str, hub: str, family: str, parameters: int, download: int, licence: str = "Apache-2.0", note: str = ""
) -> Entry:
    return Entry(name, hub, "vlm", family, parameters, download, licence, note)


_LLAMA2 = "Llama 2 Community License"

ENTRIES: tuple[Entry, ...] = (
    Entry("tiny-vlm", "", "vlm", "SmolVLM2", 3, 7, "Apache-2.0", "trained here on simulated tabletop actions", "vlm"),
    Entry(
        "tiny-vlm-resuscitation",
        "",
        "vlm",
        "SmolVLM2",
        3,
        7,
        "Apache-2.0",
        "and then on simulated resuscitations",
        "vlm-resuscitation",
    ),
    Entry(
        IMAGENET,
        "",
        ENCODER,
        "EfficientNet",
        5,
        19,
        "Apache-2.0",
        "encoder; pip install 'actscribe[imagenet]'",
    ),
    Entry("tiny-clip", "", "clip", "CLIP", 2, 3, "Apache-2.0", "trained here on simulated scenes", "clip"),
    Entry("tiny-xclip", "", "xclip", "X-CLIP", 3, 5, "Apache-2.0", "trained here on simulated scenes", "xclip"),
    Entry(
        "tiny-timesformer",
        "",
        "timesformer",
        "TimeSformer",
        2,
        4,
        "Apache-2.0",
        "trained here on simulated resuscitations",
        "timesformer",
    ),
    _vlm("smolvlm2-256m", "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "SmolVLM2", 256, 1030, note="laptop, no GPU"),
    _vlm("smolvlm2-500m", "HuggingFaceTB/SmolVLM2-500M-Video-Instruct", "SmolVLM2", 507, 2030, note="laptop, no GPU"),
    _vlm("smolvlm2-2.2b", "HuggingFaceTB/SmolVLM2-2.2B-Instruct", "SmolVLM2", 2246, 8990, note="GPU with 8 GB"),
    _vlm(
        "qwen2.5-vl-3b",
        "Qwen/Qwen2.5-VL-3B-Instruct",
        "Qwen2.5-VL",
        3755,
        7510,
        "Qwen Research License",
        "not for commercial use",
    ),
    _vlm("qwen2.5-vl-7b", "Qwen/Qwen2.5-VL-7B-Instruct", "Qwen2.5-VL", 8292, 16590),
    _vlm("qwen3-vl-2b", "Qwen/Qwen3-VL-2B-Instruct", "Qwen3-VL", 2128, 4260),
    _vlm("qwen3-vl-4b", "Qwen/Qwen3-VL-4B-Instruct", "Qwen3-VL", 4438, 8880),
    _vlm("qwen3-vl-8b", "Qwen/Qwen3-VL-8B-Instruct", "Qwen3-VL", 8767, 17540),
    _vlm(
        "llava-next-video-7b",
        "llava-hf/LLaVA-NeXT-Video-7B-hf",
        "LLaVA-NeXT-Video",
        7063,
        14130,
        _LLAMA2,
        "Guerriero et al.",
    ),
    _vlm("video-llava-7b", "LanguageBind/Video-LLaVA-7B-hf", "Video-LLaVA", 7367, 14740, note="Guerriero et al."),
    _vlm("llava-onevision-0.5b", "llava-hf/llava-onevision-qwen2-0.5b-ov-hf", "LLaVA-OneVision", 894, 1790),
    _vlm("llava-onevision-7b", "llava-hf/llava-onevision-qwen2-7b-ov-hf", "LLaVA-OneVision", 8030, 16060),
    _vlm("internvl3-1b", "OpenGVLab/InternVL3-1B-hf", "InternVL 3", 938, 1880),
    _vlm("internvl3-2b", "OpenGVLab/InternVL3-2B-hf", "InternVL 3", 2089, 4180),
    _vlm("internvl3-8b", "OpenGVLab/InternVL3-8B-hf", "InternVL 3", 7944, 15890),
    Entry(
        "timesformer-k400",
        "facebook/timesformer-base-finetuned-k400",
        "timesformer",
        "TimeSformer",
        121,
        486,
        "CC-BY-NC-4.0",
        "8 frames of 224 pixels, Kinetics-400",
    ),
    Entry(
        "timesformer-ssv2",
        "facebook/timesformer-base-finetuned-ssv2",
        "timesformer",
        "TimeSformer",
        121,
        486,
        "CC-BY-NC-4.0",
        "8 frames of 224 pixels, Something-Something-v2",
    ),
    Entry("clip-b16", "openai/clip-vit-base-patch16", "clip", "CLIP", 150, 599, "MIT"),
    Entry("clip-b32", "openai/clip-vit-base-patch32", "clip", "CLIP", 151, 605, "MIT"),
    Entry("xclip-b16", "microsoft/xclip-base-patch16", "xclip", "X-CLIP", 195, 780, "MIT"),
    Entry("xclip-b32", "microsoft/xclip-base-patch32", "xclip", "X-CLIP", 196, 787, "MIT"),
    Entry("smollm2-360m", "HuggingFaceTB/SmolLM2-360M-Instruct", "llm", "SmolLM2", 362, 724, "Apache-2.0", "judge"),
    Entry("smollm2-1.7b", "HuggingFaceTB/SmolLM2-1.7B-Instruct", "llm", "SmolLM2", 1711, 3420, "Apache-2.0", "judge"),
    Entry(
        "mistral-7b",
        "mistralai/Mistral-7B-Instruct-v0.3",
        "llm",
        "Mistral",
        7248,
        14500,
        "Apache-2.0",
        "judge of Guerriero et al. 2026; asks for a login",
    ),
)

#: Names of the tiny models that the package carries.
PACKAGED = frozenset({EMBEDDED, *(entry.name for entry in ENTRIES if entry.folder)})


def find(name: str) -> Entry | None:
    """Return the entry of a name or hub id, or None."""
    wanted = name.casefold()
    return next((entry for entry in ENTRIES if wanted in (entry.name, entry.hub.casefold())), None)


def tiny() -> list[Entry]:
    """Return the models of the package that "embedded" stands for, one of each kind."""
    return [entry for entry in ENTRIES if entry.folder == entry.kind and embedded_folder(entry.folder)]


def location(entry: Entry) -> Location:
    """Tell where a model is; looks at the disk only."""
    if entry.kind == ENCODER:
        return "download" if missing([IMAGENET_PACKAGE]) else "package"
    if not entry.hub:
        return "package" if embedded_folder(entry.folder) else "download"
    folder = cached_folder(entry.hub)
    if folder is None:
        return "download"
    return "cache" if is_whole(folder) else "incomplete"


def embedded_folder(name: str) -> Path | None:
    """Return the folder of a tiny model of the package, or None.

    Args:
        name: of the folder; that of "embedded" is called as the kind: "vlm", "timesformer", "clip" or "xclip".
    """
    folder = Path(str(resources.files("actscribe"))) / "models" / "embedded" / name
    return folder if (folder / "config.json").is_file() else None


def cached_folder(hub: str) -> Path | None:
    """Return the snapshot of a hub id in the local Hugging Face cache, a complete one if there is, or None."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    home = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=hub, repo_type="model")
    main = home / "refs" / "main"
    latest = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
    snapshots = sorted((home / "snapshots").glob("*"), key=lambda folder: (folder.name != latest, folder.name))
    with_config = [folder for folder in snapshots if (folder / "config.json").is_file()]
    return next((folder for folder in with_config if is_whole(folder)), with_config[0] if with_config else None)


def checkpoint_folder(name: str, kind: str = "") -> Path:
    """Return the folder of a model on this machine: "embedded", a name, a hub id in the cache, or a folder.

    Args:
        name: what the user typed.
        kind: that is wanted, and of which "embedded" stands for the embedded model; empty: any.

    Raises:
        ActScribeError: it is known to be of another kind, it is not here, or is without safetensors, or a file of it
            is cut short, not fetched, or asks for code of its own; the message says what is missing and what to type.
    """
    if name == EMBEDDED:
        return _packaged(kind)
    folder = Path(name)
    if folder.is_dir():
        _complete(folder, f"Copy the missing files into {folder}.", f"Copy it again into {folder}.")
        return folder
    entry = find(name)
    if entry is not None and kind and entry.kind not in (kind, ENCODER):
        fitting = ", ".join(one.name for one in ENTRIES if one.kind == kind)
        raise ActScribeError(f"'{name}' is a {entry.family}, which is not a {_KINDS[kind]}.", f"Such are: {fitting}.")
    if entry is not None and entry.kind == ENCODER:
        raise ActScribeError(
            f"'{name}' is an encoder from a package, not a checkpoint.",
            f"Use it with recognizer: {usual_for(ENCODER)}",
        )
    if entry is not None and not entry.hub:
        return _packaged(entry.folder)
    hub = entry.hub if entry else name
    cached = cached_folder(hub) if _is_hub_id(hub) else None
    if cached is None:
        language = {"vlm", "llm"}
        kinds = {kind} if kind in language else {e.kind for e in ENTRIES} - (language if kind else set())
        names = [one.name for one in ENTRIES if one.kind in kinds]
        known = did_you_mean(name, names) if entry is None and "/" not in name else ""
        size = f" ({entry.download} MB)" if entry else ""
        raise ActScribeError(
            f"Model '{name}' is neither a folder nor in the local Hugging Face cache. {known}".rstrip(),
            f"Type: actscribe models pull {name}{size}   or use model: {EMBEDDED}"
            if entry is not None or _is_hub_id(hub)
            else f"See what there is: actscribe models list   or use model: {EMBEDDED}",
        )
    pull = f"ype: actscribe models pull {name}"
    _complete(cached, f"T{pull}", f"Delete it, then t{pull}")
    return cached


def _packaged(name: str) -> Path:
    folder = embedded_folder(name)
    if folder is None:
        raise ActScribeError("The embedded model is not in this installation.", "Reinstall actscribe.")
    return folder


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a checkpoint folder that are there, sorted."""
    return sorted(folder.glob("*.safetensors"))


def weights_digest(folder: Path) -> str:
    """Return the hex digests of a checkpoint folder's safetensors files, in the order of their names."""
    return " ".join(content_hash(path) for path in weight_files(folder))


def is_whole(folder: Path) -> bool:
    """Tell whether a checkpoint folder lacks nothing; one whose index cannot be read does."""
    try:
        return not missing_files(folder)
    except ActScribeError:
        return False


def pull(name: str) -> Path:
    """Download a model into the local Hugging Face cache and return its folder.

    Only safetensors, configuration and tokenizer files are taken. This is the only function that uses the network.

    Raises:
        ActScribeError: no such name, a hub that cannot be reached, or a model that exists only as a pickle.
    """
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    entry = find(name)
    if entry is not None and not entry.hub:
        return checkpoint_folder(name, entry.kind)
    hub = entry.hub if entry else name
    if not _is_hub_id(hub):
        raise ActScribeError(
            f"'{name}' is neither a known model nor a hub id such as owner/model.",
            did_you_mean(name, [e.name for e in ENTRIES]),
        )
    try:
        folder = _download(hub)
    except RepositoryNotFoundError as error:
        raise ActScribeError(
            f"The hub has no public model '{hub}'.", "Check the spelling, or log in if it is yours: hf auth login"
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ActScribeError(
            f"'{hub}' could not be downloaded: {error}",
            "Check the connection and the free disk space, then type the same command again: it goes on where it"
            " stopped. On a machine without network, copy the folder there and use its path as the model's name.",
        ) from error
    other = f"'{hub}' is not offered as safetensors; choose another model: actscribe models list"
    _complete(folder, other, "Delete it, then type the same command again.")
    return folder


def _download(hub: str) -> Path:
    """Take the main revision, or where it holds only a pickle, the hub's own conversion of it to safetensors."""
    import huggingface_hub

    def take(revision: str | None) -> Path:
        return Path(
            huggingface_hub.snapshot_download(
                hub, revision=revision, allow_patterns=list(ALLOWED), ignore_patterns=["*/*", "consolidated*"]
            )
        )

    folder = take(None)
    if not is_whole(folder):
        converted = huggingface_hub.get_repo_discussions(hub, author=CONVERTER, discussion_type="pull_request")
        for proposal in converted:
            folder = take(f"refs/pr/{proposal.num}")
            if is_whole(folder):
                break
    return folder


def _complete(folder: Path, hint: str, damaged: str) -> None:
    """Refuse a folder that lacks files, with `hint`, or one of whose files is damaged, with that."""
    missing = missing_files(folder)
    if not missing:
        check_files(folder, damaged)
        return
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
    if pickles:
        raise ActScribeError(
            f"{folder}: missing {', '.join(missing)}. It holds {', '.join(pickles)}: a pickle can run code and is never"
            " loaded.",
            f"{hint} Where you trust the pickle, save the model from it once, in Python:"
            " model.save_pretrained(FOLDER) writes safetensors.",
        )
    raise ActScribeError(f"{folder}: missing {', '.join(missing)}.", hint)


def _is_hub_id(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(part and not part.startswith((".", "~")) for part in parts) and "\\" not in name
