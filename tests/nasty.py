"""One name that means something to every library that it could reach."""

NASTY = 'a$b_{\x1b[31m}<b>"&%/..\u202e\n'
"""A formula to matplotlib, red to a terminal, markup to a page, a way up to a file system, and backwards."""

LONG = "a-name/of+many,words_" * 12
