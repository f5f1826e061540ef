"""Simulated liquid-staking redemptions under Ethereum's exit and withdrawal rules.

``consensus`` has the rules of Ethereum as pure functions, ``ethereum`` its state in many
worlds, ``protocol`` the liquid-staking protocol, ``demand`` what drives both, ``worlds`` the
simulator, ``samples`` the requests taken from it, ``inputs`` the model's inputs.
"""

import sys
from pathlib import Path

_MODELS = str(Path(__file__).resolve().parent.parent.parent)
if _MODELS not in sys.path:
    sys.path.append(_MODELS)  # for the package `common`

from .consensus import *  # noqa: E402, F403
from .demand import draw_demand  # noqa: E402, F401
from .inputs import *  # noqa: E402, F403
from .protocol import *  # noqa: E402, F403
from .worlds import simulate, simulate_worlds  # noqa: E402, F401
