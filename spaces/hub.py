"""Whether the Hugging Face hub can be reached.

Its clients try again for half a minute a file before they give up; asking once first makes a mistyped
name, or a machine without a network, fail in seconds.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from typing import Final

from huggingface_hub import constants

__all__ = ["hub_answers", "hub_is_switched_off"]

_PATIENCE_S: Final = 5.0


def hub_is_switched_off() -> bool:
    """True where HF_HUB_OFFLINE is set: only what is cached may be used."""
    return bool(constants.HF_HUB_OFFLINE)


def hub_answers() -> bool:
    """True where the hub (HF_ENDPOINT) answers within five seconds, whatever it says."""
    if hub_is_switched_off():
        return False
    try:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(request, timeout=_PATIENCE_S).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # it is there; the client has certificates of its own
    except (OSError, ValueError):  # a timeout while reading; an HF_ENDPOINT that is no address
        return False
    return True
