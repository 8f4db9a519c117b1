"""The glue to the Hugging Face Trainer that every trained recognizer uses."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn
from torch.utils.data import Dataset, Sampler
from transformers import EarlyStoppingCallback, EvalPrediction, PrinterCallback, Trainer, TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback
from transformers.trainer_callback import TrainerCallback, TrainerState

from actscribe.data.blocks import Blocks
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.labels import Task
from actscribe.models.device import device, use_bfloat16
from actscribe.processes import first_goes_first, is_first
from actscribe.settings.training import Training
from actscribe.training.checkpoints import (
    CHECKPOINTS,
    CURVES,
    HISTORY,
    TRAINER_STATE_NAME,
    NotedCheckpoints,
    last_checkpoint,
)
from actscribe.training.freezing import Unfreezing, UnfreezingCallback
from actscribe.training.fsdp import leave_parts_alone
from actscribe.training.optimizers import optimizer
from actscribe.training.progress import ProgressCallback

#: Turns (epoch, clip index) into the network's keyword arguments; epoch None means no augmentation. Tensors of a batch
#: are stacked, all else comes as a list. "labels", where given, stand in for the clip's targets, shape (labels,) or
#: (steps, labels).
Example = Callable[[int | None, int], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Examples:
    """What a network learns from.

    Args:
        example: makes one clip's inputs, without a batch axis.
        targets: float32, shape (clips, labels) or (clips, steps, labels), nan where not annotated.
        blocks: clips that are shown near to each other, see `ClipData.blocks`; None: any order is as good.
    """

    example: Example
    targets: np.ndarray
    blocks: Blocks | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """One training.

    Args:
        network: takes the examples' inputs, batched, as keywords and returns logits, shape (clips, labels), or over
            time (clips, steps, labels).
        groups: parameters with their learning rates.
        loss: of logits and targets of one shape, or of all that the network returns while it learns.
        train, task: what is learned.
        validation: chooses the epoch; without clips where `settings.keep` is "last".
        settings: shared by all trained recognizers.
        folder: checkpoints go to `folder`/checkpoints, curves to `folder`/tensorboard.
        seed: all randomness flows from it.
        resume: go on from the last whole checkpoint.
        unfreezing: which parts learn when; None: all that require gradients, always.
        readers: processes that make examples ahead of the network; 0: made where they are used.
    """

    network: nn.Module
    groups: Sequence[tuple[Sequence[nn.Parameter], float]]
    loss: nn.Module
    train: Examples
    validation: Examples
    task: Task
    settings: Training
    folder: Path
    seed: int
    resume: bool = False
    unfreezing: Unfreezing | None = None
    readers: int = 0


def fit(work: Fit) -> None:
    """Train `work.network` in place; it ends with the weights of its best validation epoch, or of its last one.

    A training that was killed and resumes takes the same steps as one that was not: the order of clips and their
    augmentation depend on (seed, epoch, clip) alone, and the rest is in the checkpoint.

    Raises:
        ActScribeError: weights or scores are no numbers any more.
    """
    checkpoints = work.folder / CHECKPOINTS
    with first_goes_first():  # it removes what is damaged
        last = last_checkpoint(checkpoints) if work.resume else None
    settings, best = work.settings, work.settings.keep == "best"
    steps = optimizer(
        work.groups,
        settings.weight_decay,
        settings.optimizer,
        settings.betas,
        settings.eps,
        settings.decay_vectors,
    )
    network = _WithLoss(work.network, work.loss)
    leave_parts_alone(network)
    trainer = _ClipTrainer(
        model=network,
        args=_arguments(work, checkpoints),
        train_dataset=_ClipDataset(work.train),
        eval_dataset=_ClipDataset(work.validation) if best else None,
        data_collator=_collate,
        compute_metrics=_scorer(work.task),
        clips_per_epoch=settings.clips_per_epoch,
        blocks=work.train.blocks,
        optimizers=(steps, None),
        callbacks=_callbacks(work),
    )
    trainer.model_accepts_loss_kwargs = False  # our loss is a mean, so accumulated passes are averaged, not summed
    trainer.remove_callback(PrinterCallback)
    if last and _ended(last):
        trainer.state = TrainerState.load_from_json(str(last / TRAINER_STATE_NAME))
        if best:
            trainer._load_best_model()  # the Trainer itself would go on for an epoch after early stopping
        else:
            trainer._load_from_checkpoint(str(last))
    else:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    parameters = [parameter for group, _ in work.groups for parameter in group]
    if not all(torch.isfinite(parameter).all() for parameter in parameters):
        raise _diverged()
    learned = sum(parameter.numel() for parameter in parameters)
    _write_history(trainer, learned, work.folder / HISTORY)


def _ended(checkpoint: Path) -> bool:
    """Tell whether training ended with this checkpoint: its last epoch, or early stopping."""
    state = json.loads((checkpoint / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
    return bool(state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"])


class _WithLoss(nn.Module):
    """A network and its loss as the Trainer wants them; only what can learn goes into checkpoints."""

    def __init__(self, network: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self.learned = {name for name, parameter in self.named_parameters() if parameter.requires_grad}

    def forward(self, labels: torch.Tensor, **inputs: Any) -> dict[str, torch.Tensor]:
        logits = self.network(**inputs)
        return {"loss": self.loss(logits, labels), "logits": logits.float()}

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        whole = super().state_dict(*args, **kwargs)
        prefix = kwargs.get("prefix", "")
        return {name: value for name, value in whole.items() if name.removeprefix(prefix) in self.learned}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        missing = self.learned - set(state_dict)
        if missing:
            raise RuntimeError(f"checkpoint lacks {len(missing)} learned tensors, first {min(missing)}")
        super().load_state_dict(state_dict, strict=False, assign=assign)
        return torch.nn.modules.module._IncompatibleKeys([], [])


class _ClipDataset(Dataset[dict[str, Any]]):
    """Clips by (epoch, index), as the training sampler yields them, or by index alone for evaluation."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples.targets)

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        epoch, index = key if isinstance(key, tuple) else (None, key)
        labels = torch.from_numpy(self.examples.targets[index])
        return {"labels": labels, **self.examples.example(epoch, index)}


class _EpochSampler(Sampler[tuple[int, int]]):
    """Yields (round, index) in an order that depends on the seed and the epoch alone.

    An epoch is one round over the clips, or several where `used` is more than `count`. Each has its own order and its
    own pictures (see `Examples.example`), so that no clip is shown twice as the same picture.

    Args:
        count: of clips.
        seed: of training.
        used: how many are yielded; see `Training.clips_per_epoch`.
        blocks: clips that are shown block by block; None: in any order.
    """

    def __init__(self, count: int, seed: int, used: int | None = None, blocks: Blocks | None = None) -> None:
        self.count, self.seed, self.epoch, self.blocks = count, seed, 0, blocks
        self.used = count if used is None else used

    def __len__(self) -> int:
        return self.used

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[int, int]]:
        rounds = -(-self.used // self.count)
        shown: list[tuple[int, int]] = []
        for number in range(self.epoch * rounds, (self.epoch + 1) * rounds):
            shown += [(number, int(index)) for index in self._order(number)]
        return iter(shown[: self.used])

    def _order(self, number: int) -> np.ndarray:
        if self.blocks is None:
            return np.random.default_rng((self.seed, number)).permutation(self.count)
        return np.concatenate(self.blocks.of_round(self.seed, number))


class _ClipTrainer(Trainer):
    def __init__(self, *, clips_per_epoch: int | None, blocks: Blocks | None, **kwargs: Any) -> None:
        self.clips_per_epoch, self.blocks = clips_per_epoch, blocks
        super().__init__(**kwargs)

    def _get_train_sampler(self, train_dataset: Any = None) -> _EpochSampler:
        chosen: Any = self.train_dataset if train_dataset is None else train_dataset
        return _EpochSampler(len(chosen), self.args.seed, self.clips_per_epoch, self.blocks)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        self.args.dataloader_drop_last = False  # every validation clip counts; only training wants equal batches
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.args.dataloader_drop_last = True


def _collate(examples: list[dict[str, Any]]) -> dict[str, Any]:
    columns = {name: [example[name] for example in examples] for name in examples[0]}
    return {
        name: torch.stack(column) if isinstance(column[0], torch.Tensor) else column for name, column in columns.items()
    }


def _arguments(work: Fit, checkpoints: Path) -> TrainingArguments:
    logging.getLogger("transformers.trainer").setLevel(logging.ERROR)
    settings = work.settings
    on_cpu = device().type == "cpu"
    probe = TrainingArguments(output_dir=str(checkpoints), use_cpu=on_cpu, report_to="none")
    best = settings.keep == "best"
    clips = min(settings.batch_size, settings.clips_per_epoch or len(work.train.targets))
    per_pass = max(1, clips // (probe.world_size * settings.gradient_accumulation_steps))
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        use_cpu=on_cpu,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=per_pass,
        per_device_eval_batch_size=max(per_pass, 8 if settings.gradient_accumulation_steps == 1 else 1),
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        dataloader_drop_last=True,
        lr_scheduler_type="cosine_with_min_lr" if settings.min_lr_ratio else "cosine",
        lr_scheduler_kwargs={"min_lr_rate": settings.min_lr_ratio} if settings.min_lr_ratio else {},
        warmup_steps=settings.warmup,
        bf16=use_bfloat16(settings.precision),
        seed=work.seed,
        eval_strategy="epoch" if best else "no",
        save_strategy="epoch",
        logging_strategy="epoch",
        load_best_model_at_end=best,
        metric_for_best_model="eval_score" if best else None,
        greater_is_better=True if best else None,
        restore_callback_states_from_checkpoint=True,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=True,
        ddp_find_unused_parameters=work.unfreezing is not None,
        dataloader_pin_memory=not on_cpu,
        dataloader_num_workers=work.readers,
    )
    # With several GPUs the Trainer would give each a whole batch; a process has one, and launchers share them out.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def _callbacks(work: Fit) -> list[TrainerCallback]:
    from torch.utils.tensorboard import SummaryWriter

    clips = work.settings.clips_per_epoch or len(work.train.targets)
    share = len(work.validation.targets) / clips if work.settings.keep == "best" else 0.0
    progress = ProgressCallback(work.unfreezing.whole_from() if work.unfreezing else 0, share)
    callbacks: list[TrainerCallback] = [progress, NotedCheckpoints()]
    if is_first():
        callbacks.insert(0, TensorBoardCallback(SummaryWriter(str(work.folder / CURVES))))
    if work.settings.keep == "best":
        callbacks.insert(0, EarlyStoppingCallback(early_stopping_patience=work.settings.patience))
    if work.unfreezing:
        callbacks.append(UnfreezingCallback(work.unfreezing))
    return callbacks


def _diverged() -> ActScribeError:
    """Return what is raised where a training's numbers grew beyond all bounds."""
    return ActScribeError(
        "the training diverged: what the network answers is no number any more.",
        "Lower its learning rates (learning_rate, head_learning_rate) to a tenth, and train again with --overwrite.",
    )


def _scorer(task: Task) -> Callable[[EvalPrediction], dict[str, float]]:
    def score(prediction: EvalPrediction) -> dict[str, float]:
        logits, targets = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        if not np.isfinite(logits).all():
            raise _diverged()
        columns = logits.shape[-1]  # steps of pieces count as clips do
        return {"score": validation_score(logits.reshape(-1, columns), targets.reshape(-1, columns), task)}

    return score


def validation_score(scores: np.ndarray, targets: np.ndarray, task: Task) -> float:
    """Return what early stopping maximises: macro average precision, or accuracy over classes weighted alike (ours).

    Both arrays have shape (clips, labels), nan targets are left out. Average precision needs no threshold, so that
    thresholds can be chosen afterwards on the same validation clips.
    """
    values = []
    if task == "multi-class":
        rows = ~np.isnan(targets).any(axis=1)
        truth, chosen = targets[rows].argmax(axis=1), scores[rows].argmax(axis=1)
        values = [float((chosen[truth == label] == label).mean()) for label in np.unique(truth)]
    else:
        for column in range(targets.shape[1]):
            known = ~np.isnan(targets[:, column])
            if targets[known, column].any():
                values.append(float(average_precision_score(targets[known, column], scores[known, column])))
    return float(np.mean(values)) if values else 0.0


def _write_history(trainer: Trainer, learned: int, path: Path) -> None:
    if not trainer.is_world_process_zero():
        return
    history = {
        "best_validation_score": trainer.state.best_metric,
        "steps": trainer.state.global_step,
        "epochs": trainer.state.epoch,
        "trainable_parameters": learned,
        # Not the Trainer's closing summary: after a resumption it counts the last session's steps only.
        "log": [row for row in trainer.state.log_history if "train_runtime" not in row],
    }
    write_text(path, json.dumps(history, indent=1, sort_keys=True))  # a resumed state has its keys in another order
