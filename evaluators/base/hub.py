"""Whether the Hugging Face hub can be reached.

Its clients try again for half a minute a file before they give up; asking once first makes a mistyped
name, or a machine without a network, fail in seconds.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants

from spaces.printable import printable

__all__ = ["hub_answers", "hub_is_switched_off", "name_of_model", "on_hub"]


def on_hub(model: str) -> bool:
    """Whether a model's name can be one on the hub, and is no folder: its path would tell others nothing."""
    folder = Path(model)
    path = folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1
    return not path and not folder.is_dir()


def name_of_model(model: str) -> str:
    """What a model is called before others: its name on the hub, or of a folder its own name, without the
    path that tells of a machine.

    >>> name_of_model("facebook/opt-350m"), name_of_model("/home/me/models/mine/")
    ('facebook/opt-350m', 'mine')
    """
    return printable(model if on_hub(model) else Path(model).resolve().name)


def hub_is_switched_off() -> bool:
    """True where HF_HUB_OFFLINE is set: only what is cached may be used."""
    return bool(constants.HF_HUB_OFFLINE)


def hub_answers(*, timeout_s: float = 5.0) -> bool:
    """True where the hub (HF_ENDPOINT) answers within ``timeout_s`` seconds, whatever it says."""
    if hub_is_switched_off():
        return False
    try:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(request, timeout=timeout_s).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # it is there; the client has certificates of its own
    except (OSError, ValueError):  # a timeout while reading; an HF_ENDPOINT that is no address
        return False
    return True
