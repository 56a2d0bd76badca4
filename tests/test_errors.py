"""Errors say whose fault it is and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors import OperatorError, OperatorErrors, PeerError, SidecarError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            OperatorError("is missing", "a.toml", 3, "sip.listen"),
            "a.toml:3: sip.listen: is missing",
        ),
        (OperatorError("is missing", Path("a.toml"), key="sip"), "a.toml: sip: is missing"),
        (OperatorError("can't be read", "a.toml"), "a.toml: can't be read"),
        (OperatorError("no listener", key="sip.listen"), "sip.listen: no listener"),
        (OperatorError("the worker ended"), "the worker ended"),
    ],
)
def test_an_operator_s_error_says_all_it_knows_of_the_place(error, text):
    assert str(error) == text


def test_several_errors_are_a_line_each():
    errors = OperatorErrors([OperatorError("one", "a.toml", 1), OperatorError("two", "a.toml", 2)])

    assert str(errors) == "a.toml:1: one\na.toml:2: two"
    assert [error.message for error in errors.errors] == ["one", "two"]


def test_a_peer_s_error_is_what_the_peer_is_answered():
    error = PeerError(503, "Service Unavailable", (("Retry-After", "10"),))

    assert str(error) == "503 Service Unavailable"
    assert error.headers == (("Retry-After", "10"),)


@pytest.mark.parametrize(
    "error", [OperatorError("wrong"), OperatorErrors([]), PeerError(400, "Bad Request")]
)
def test_every_expected_error_has_one_root_and_can_be_kept_in_a_set(error):
    assert isinstance(error, SidecarError)
    assert {error} == {error}


def test_an_error_is_one_line_of_what_can_be_printed_whatever_the_file_says():
    error = OperatorError('"a\x85b\u2028\x7f" is no address', "a.toml", 3, "sip.\x1blisten")

    assert str(error).isprintable()
    assert r"a\x85b\u2028\x7f" in str(error)
