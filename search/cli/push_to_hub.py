"""What a command leaves on the Hugging Face hub besides. Importing this takes a while."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi

from evaluators.adapters.hub_upload import HubApi, check_hub, upload
from evaluators.base.model_name import on_hub
from search.job.smollm2 import SMOLLM2
from spaces.errors import UsageError

from .hub_settings import HubSettings

__all__ = ["check_base_named", "check_hub_given", "push_given"]


def check_base_named(model: str | None) -> None:
    """Raises UsageError on a run's base model that is a folder: the adapter would be published with its path.

    model: as typed; None is the embedded one, which has a name on the hub.
    """
    if model is not None and (model == SMOLLM2 or not on_hub(model)):
        raise UsageError(
            f"`model={model}` is a folder, whose path would be published and lead nobody to it; leave "
            "`push_to_hub` out here, then rankscape export --format peft --model NAME --push-to-hub NAME, "
            "the first NAME being the base model's on the hub."
        )


def check_hub_given(settings: HubSettings, api: HubApi | None = None) -> None:
    """Raises InputError where something is to be put on the hub and the hub does not know who asks."""
    if settings.push_to_hub is not None:
        check_hub(settings.push_to_hub, api or HfApi())


def push_given(folder: Path, settings: HubSettings, api: HubApi | None = None) -> None:
    """Puts a folder on the hub, if that was asked for; raises InputError where it cannot be."""
    if settings.push_to_hub is not None:
        private = True if settings.hub_private_repo else None
        upload(folder, settings.push_to_hub, api or HfApi(), private=private)
