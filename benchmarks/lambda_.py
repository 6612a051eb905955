"""Functions: cold and warm, Python and Node.js, and what an environment needs."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clients import client, getter
from benchmarks.measure import Figure, rate, repeat, spread
from sandbox.stack import instance

COLD_RUNS = 15
PYTHON = "def handler(event, context):\n    print('event', event)\n    return {'statusCode': 200, 'body': 'ok'}\n"
NODE = "export const handler = async (event) => { console.log('event', event); return { statusCode: 200, body: 'ok' }; };"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group: functions that print one line."""
    started = instance.start("lambda", ephemeral=True, home=home)
    try:
        lambda_ = client("lambda", started.endpoint)
        role = _role(client("iam", started.endpoint))
        figures = []
        for kind, runtime, file, source in (
            ("Python", "python3.11", "index.py", PYTHON),
            ("Node.js", "nodejs22.x", "index.mjs", NODE),
        ):
            figures += _one_runtime(started, lambda_, role, kind, runtime, file, source, seconds)
        return figures
    finally:
        started.stop()


def _one_runtime(
    started: instance.Instance,
    lambda_: Any,
    role: str,
    kind: str,
    runtime: str,
    file: str,
    source: str,
    seconds: float,
) -> list[Figure]:
    archive = _zipped(file, source)
    names = [f"cold-{runtime[:4]}-{number}" for number in range(COLD_RUNS + 1)]
    for name in names:
        lambda_.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive},
        )
    # The first of all pays for imports of the emulator.
    lambda_.invoke(FunctionName=names[-1])
    times = []
    for name in names[:-1]:
        # As a student types: not in the same instant as the last cold start.
        time.sleep(0.15)
        begun = time.perf_counter()
        lambda_.invoke(FunctionName=name)
        times.append((time.perf_counter() - begun) * 1000)
    warm = names[0]

    def invoke_with(made: Any) -> Any:
        return lambda: made.invoke(FunctionName=warm, Payload=b"{}")

    url = lambda_.create_function_url_config(FunctionName=warm, AuthType="NONE")["FunctionUrl"]
    lambda_.add_permission(
        FunctionName=warm,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    host = url.removeprefix("http://").rstrip("/")
    group = "lambda"
    figures = [
        spread(group, f"{kind}: cold invoke", times, "ms"),
        repeat(group, f"{kind}: warm invoke", invoke_with(lambda_), 300),
        rate(
            group,
            f"{kind}: invoke, 8 clients",
            lambda: invoke_with(client("lambda", started.endpoint)),
            8,
            seconds,
        ),
        rate(
            group,
            f"{kind}: function URL, 1 client",
            lambda: getter(started.port, host, "/"),
            1,
            seconds,
        ),
        rate(
            group,
            f"{kind}: function URL, 8 clients",
            lambda: getter(started.port, host, "/"),
            8,
            seconds,
        ),
    ]
    sizes = _runtime_sizes(started, kind)
    if sizes:
        figures.append(spread(group, f"{kind}: memory of an environment", sizes, "MB", "unshared"))
    return figures


def _runtime_sizes(started: instance.Instance, kind: str) -> list[float]:
    sizes = []
    for process in psutil.Process(started.supervisor_pid).children(recursive=True):
        try:
            command = " ".join(process.cmdline())
            wanted = "start.mjs" in command if kind == "Node.js" else "guard.py" in command
            if wanted:
                sizes.append(process.memory_full_info().uss / 2**20)
        except (psutil.Error, AttributeError):
            continue
    return sizes


def _role(iam: Any) -> str:
    made = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(
        RoleName="bench",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    )
    return made["Role"]["Arn"]


def _zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()
