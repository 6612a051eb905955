"""The Python runtime as a program of its own: what AWS_LAMBDA_EXEC_WRAPPER gets to start.

Its variables are those that the wrapper left; the rest is as in the guard.
"""

import json
import os
import sys
from pathlib import Path

# Python's own folders alone: the environment's packages are none of a function's business.
sys.path[:] = [
    path
    for path in sys.path
    if path.startswith((sys.base_prefix, sys.base_exec_prefix)) and "site-packages" not in path
]
sys.path.append(str(Path(__file__).parent.parent))
import guard  # noqa: E402

sys.path.pop()
config = json.loads(os.environ.pop("_SANDBOX_RUNTIME"))
guard.run_python(config | {"environment": dict(os.environ)})
