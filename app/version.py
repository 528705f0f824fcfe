"""The version of Accrual that is installed."""

from importlib import metadata
from typing import Final

VERSION: Final = metadata.version("accrual")
