"""How status and doctor look."""

from __future__ import annotations
