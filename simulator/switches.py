"""Every rule that the vendors' documentation leaves open, as `switches.toml` lists them: the default and the reason."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

Setting = Any  # a bool, a number, a word, or a list of numbers

SWITCHES: dict[str, tuple[Setting, str]] = {
    name: (default, why)
    for name, (default, why) in tomllib.loads(Path(__file__).with_suffix(".toml").read_text()).items()
}


def defaults() -> dict[str, Setting]:
    return {name: deepcopy(default) for name, (default, _) in SWITCHES.items()}
