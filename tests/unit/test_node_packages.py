"""Installing what comes from npm."""

from __future__ import annotations

import json

import pytest

from sandbox.stack import node_packages
from sandbox.stack.errors import StackError


def test_everything_is_locked_by_hash_and_without_addresses():
    lock = json.loads((node_packages.LOCK_FOLDER / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for entry in packages.values():
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry


def test_an_engine_of_ones_own_is_used(tmp_path, monkeypatch):
    program = tmp_path / "dynoxide"
    program.write_text("#!/bin/sh\n")
    monkeypatch.setenv("SANDBOX_DYNOXIDE", str(program))
    with pytest.raises(StackError, match="is not a program"):
        node_packages.engine_program()
    program.chmod(0o755)
    assert node_packages.engine_program() == program
    assert node_packages.install() is False


def test_nothing_is_done_twice():
    assert node_packages.engine_program().is_file()
    assert node_packages.install() is False


def test_a_registry_that_cannot_be_reached_is_named_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SANDBOX_DYNOXIDE", raising=False)
    monkeypatch.setattr(node_packages, "folder", lambda: tmp_path / "node")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    assert node_packages.main() == 3
    said = capsys.readouterr().err
    assert said.startswith("npm could not install the packages of the sandbox:")
    assert len(said.splitlines()) == 2
