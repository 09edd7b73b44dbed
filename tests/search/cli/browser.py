"""Headless Chromium, as Debian packages it, over pages on the loopback address."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
_QUIET: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--hide-scrollbars",
)


def _chromium(address: str, profile: Path, *more: str) -> str:
    assert CHROMIUM is not None, "a test that asks for it is skipped without it"
    own = [f"--user-data-dir={profile}", "--window-size=1400,1400", "--virtual-time-budget=20000"]
    words = [CHROMIUM, *_QUIET, *own, *more, address]
    return subprocess.run(words, capture_output=True, text=True, timeout=240, check=True).stdout


def rendered(address: str, profile: Path) -> str:
    """The page as it stands once its scripts have run. profile: an empty folder."""
    return _chromium(address, profile, "--dump-dom")


def screenshot(address: str, profile: Path, path: Path) -> None:
    """A picture of the page at 1,400 pixels."""
    _chromium(address, profile, f"--screenshot={path}")
