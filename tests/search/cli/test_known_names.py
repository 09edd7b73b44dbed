"""A name that there is not is found before PyTorch is imported; what is built of names is looked into."""

from __future__ import annotations

import subprocess
import sys

import pytest

from search.cli.allocate import AllocateSettings
from search.cli.export_settings import ExportSettings
from search.cli.known_names import check_names_typed
from search.cli.output_settings import ConfigSettings, OutputSettings
from search.cli.registry_names import registry_names
from search.cli.typed import Typed
from search.job.option import options_of
from search.run.settings import SearchSettings
from spaces.errors import UsageError


@pytest.mark.parametrize("proxy", ["grad_norm", "root:snr", "ensemble:grad_norm@warm+snr", "root:ensemble:a"])
def test_names_are_looked_up_one_by_one(proxy):
    given = Typed.only({"proxy": (proxy,)})
    if proxy.endswith(":a"):
        with pytest.raises(UsageError, match="`proxy='a'` is unknown"):
            check_names_typed(given, SearchSettings)
    else:
        check_names_typed(given, SearchSettings)


def test_what_the_help_does_not_list_is_taken_too_and_meant_where_it_is_nearly_said():
    check_names_typed(Typed.only({"proxy": ("fisher", "all")}), SearchSettings)
    with pytest.raises(UsageError) as refused:
        check_names_typed(Typed.only({"proxy": ("fishr",)}), SearchSettings)
    assert "did you mean fisher? Choose from constant, " in str(refused.value)
    assert "fisher" not in str(refused.value).partition("Choose")[2]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (ConfigSettings, "format"),
        (ExportSettings, "format"),
        (OutputSettings, "log"),
        (SearchSettings, "allocator"),
        (SearchSettings, "sampler"),
        (AllocateSettings, "allocator"),
    ],
)
def test_of_what_nothing_is_built_a_whole_name_is_looked_up(settings, name):
    about = next(about for one, about in options_of(settings) if one.name == name)
    first, second, *_ = known = [each for registry in about.known for each in registry_names(registry)]
    for own in known:
        check_names_typed(Typed.only({name: own}), settings)
    for other in (f"{first}+{second}", f"{first}:{second}", f"x:{first}", f"{first}+", ""):
        with pytest.raises(UsageError) as refused:
            check_names_typed(Typed.only({name: other}), settings)
        assert str(refused.value).startswith(f"`{name}={other!r}` is unknown; ")


def test_what_was_not_typed_is_not_looked_up():
    check_names_typed(Typed.only({}).filled(proxy=("magic",)), SearchSettings)


def test_a_run_finds_it_without_importing_pytorch():
    program = (
        "import sys\nfrom search.cli.run import main\n"
        "code = main(['--proxy', 'snip,grad_nrom'])\nsys.exit(9 if 'torch' in sys.modules else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--proxy 'grad_nrom' is unknown; did you mean grad_norm?" in done.stderr
