"""What the words of a text are, whatever script it is written in."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["ScriptWords"]

# Thai and Lao, Tibetan, Burmese, Khmer; Japanese kana; Chinese characters, wherever they are used.
_UNSPACED: Final = re.compile(
    "([\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff])"
)
_OF_WORDS: Final = "LMN"  # Unicode's letters, their marks (accents, vowel signs) and numbers


class ScriptWords:
    """A tokenizer as rouge-score asks for one: runs of letters, their marks and digits, in lower case.

    Scripts that put no blank between words, such as Chinese, give a token a character. Of ASCII texts the
    tokens are those of rouge-score's own tokenizer without stemming, which takes other letters for blanks.
    """

    def tokenize(self, text: str) -> list[str]:
        """
        >>> ScriptWords().tokenize("Le café_2, 東京 no.")
        ['le', 'café', '2', '東', '京', 'no']
        """
        kept = (one if unicodedata.category(one)[0] in _OF_WORDS else " " for one in text.lower())
        return _UNSPACED.sub(r" \1 ", "".join(kept)).split()
