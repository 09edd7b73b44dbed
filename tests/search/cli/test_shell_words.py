"""Nothing in a word acts in the shell that a line is pasted into."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from search.cli.shell_words import shell_words

WORDS = [
    "--space",
    "lora[q,v]+cross",
    "a b",
    "it's",
    "$HOME",
    "`id`",
    "",
    "α",
    "a\nb",
    "\x1b[31m",
    "\\'\t",
    "\udcff",
]


def test_plain_words_are_quoted_as_everybody_quotes():
    plain = [word for word in WORDS if word.isprintable()]
    assert shell_words(plain) == shlex.join(plain)


def test_a_line_has_no_line_break_and_a_shell_reads_the_words_back():
    line = shell_words(WORDS)
    assert line.isprintable()
    if shutil.which("bash") is None:
        pytest.skip("this system has no bash to read it")
    said = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert said.decode("utf-8", "surrogateescape").split("\0")[:-1] == WORDS
