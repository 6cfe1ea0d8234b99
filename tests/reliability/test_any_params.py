"""Whatever nesting a user gives compshare_api: what is signed and sent is what the vendor's SDK makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ucloud.core.auth import Credential
from ucloud.core.typesystem import encoder

from ansible_collections.compshare.cloud.plugins.module_utils._api.secrets import secret_names
from ansible_collections.compshare.cloud.tests.reliability.properties import Tally
from ansible_collections.compshare.cloud.tests.reliability.public_runs import FreeClock, run_module
from ansible_collections.compshare.cloud.tests.reliability.untrusted import NASTY, ScriptedTransport

PUBLIC, PRIVATE = "public-key-0001", "private-key-0001"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [text for text in NASTY if text.isprintable()]
)
# Elsewhere the SDK writes an exponent, which the documentation forbids.
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda value: value % 1 == 0 or "e" not in repr(value)
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
scalars = st.booleans() | numbers | texts
params_of_any_kind = st.dictionaries(
    names.filter(lambda name: name not in ("Action", "PublicKey", "Signature", "Region", "Zone")),
    st.recursive(
        scalars | st.none(),
        lambda inner: st.dictionaries(names, inner, max_size=4) | st.lists(scalars | st.dictionaries(names, inner)),
        max_leaves=12,
    ),
    max_size=6,
)


def without_null(value: Any) -> Any:
    """Return parameters as documented: what is null is omitted, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_null(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_null(item) for item in value if item is not None]
    return value


def test_any_nesting_is_signed_as_the_sdk_signs_it(tally: Tally) -> None:
    @given(params_of_any_kind)
    def run(params: dict[str, Any]) -> None:
        tally.count()
        transport = ScriptedTransport([{"RetCode": 0}])
        options = {"public_key": PUBLIC, "private_key": PRIVATE, "action": "DescribeAnything", "params": params}
        outcome = run_module("compshare_api", options, clock=FreeClock(), transport=transport)
        if secret_names(params):
            assert outcome.failed and not transport.requests
            return
        assert not outcome.failed, outcome.message
        [sent] = transport.requests
        theirs = encoder.encode({"Action": "DescribeAnything", **without_null(params)})
        signature = Credential(PUBLIC, PRIVATE).verify_ac(dict(theirs))
        texts = {name: str(value) for name, value in theirs.items()}
        assert sent == {**texts, "PublicKey": PUBLIC, "Signature": signature}

    run()
