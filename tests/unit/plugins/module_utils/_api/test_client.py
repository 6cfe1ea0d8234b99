from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api import signing
from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client, Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    ListError,
    NoResponseError,
    OptionError,
    RefusedError,
    ResponseError,
    TransportError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.limiter import Limiter
from ansible_collections.compshare.cloud.plugins.module_utils._api.pages import Listing
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse

from ..fakes import client_of, refusal, reply, success

OPTIONS = {"public_key": "public-key-0001", "private_key": "private-key-0001"}


def test_a_call_sends_signed_fields_and_returns_the_response() -> None:
    client, transport, _clock = client_of([success(Value=7)], scope=Scope(project_id="org-1"))
    response = client.call("DescribeX", {"A": None, "B": {"C": True, "D": [1, None]}})
    assert response == {"RetCode": 0, "Value": 7}
    sent = transport.requests[0]
    claimed = sent.pop("Signature")
    assert sent == {
        "Action": "DescribeX",
        "ProjectId": "org-1",
        "B.C": "true",
        "B.D.0": "1",
        "PublicKey": "public-key-0001",
    }
    assert claimed == signing.signature(sent, "private-key-0001")


@pytest.mark.parametrize(
    "fault",
    [
        TransportError("no response came", reached=True),
        TransportError("not reached", reached=False),
        reply(b"<html>gateway</html>"),
        reply(b'{"RetCode": 0, "ImageSet": [{"a'),
        reply(b""),
        reply([1, 2]),
        reply({"Message": "no code"}),
        reply({"RetCode": None}),
        reply({"RetCode": "x"}),
        reply("text", status=502),
        refusal(110),
    ],
)
def test_a_read_is_tried_again_after_a_passing_fault(fault: HttpResponse | TransportError) -> None:
    client, transport, clock = client_of([fault, fault, success(Value=1)])
    assert client.call("DescribeX")["Value"] == 1
    assert len(transport.requests) == 3
    assert len(clock.slept) == 2
    assert clock.slept[0] < clock.slept[1]


def interrupted_in(client: Client, transport: Any, monkeypatch: pytest.MonkeyPatch, *, write: bool) -> str:
    def interrupt(*_request: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transport, "post", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.call("MakeX", {"Name": "env", "UHostId": "uhost-1"}, write=write)
    return str(client.interrupted())


def test_an_interruption_reports_what_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    client, transport, _clock = client_of([refusal(230), success()])
    assert "before it changed anything" in interrupted_in(client, transport, monkeypatch, write=False)
    may_be_done = "MakeX for 'env' had been sent without a response; it may be done."
    assert may_be_done in interrupted_in(client, transport, monkeypatch, write=True)
    with pytest.raises(RefusedError):
        client.call("MakeX", write=True)
    assert str(client.interrupted(hint="Look.")) == "The task was interrupted. Look."
    client.call("MakeX", write=True)
    assert str(client.interrupted()) == "The task was interrupted. Run the task again."


@pytest.mark.parametrize(
    ("fault", "unknown"),
    [
        (TransportError("no response came", reached=True), True),
        (reply(b"<html>"), True),
        (reply({"Message": "no code"}), True),
        (reply("text", status=500), True),
        (refusal(110), True),
        (refusal(8438), True),
        (refusal(8903), False),
        (refusal(230, "Params [Zone] not available"), False),
        (reply("", status=302, location="https://elsewhere.invalid/"), False),
    ],
)
def test_a_write_is_sent_once_when_it_may_have_taken_effect(
    fault: HttpResponse | TransportError, unknown: bool
) -> None:
    client, transport, _clock = client_of([fault])
    with pytest.raises(CompShareError) as caught:
        client.call("CreateX", write=True)
    assert caught.value.outcome_unknown is unknown
    assert caught.value.action == "CreateX"
    transport.assert_all_used()


@pytest.mark.parametrize(
    "fault", [TransportError("x", reached=False), reply({}, status=429), refusal(153), refusal(226619)]
)
def test_a_write_is_retried_when_nothing_can_have_happened(fault: HttpResponse | TransportError) -> None:
    client, transport, _clock = client_of([fault, success()])
    client.call("CreateX", write=True)
    assert len(transport.requests) == 2


def test_tries_end_and_are_counted() -> None:
    client, transport, _clock = client_of([refusal(110)] * 3, retries=2)
    with pytest.raises(RefusedError, match="It was tried 3 times") as caught:
        client.call("DescribeX")
    assert caught.value.retryable
    assert len(transport.requests) == 3


THROTTLED = [reply({}, status=429), refusal(153), refusal(8441), refusal(226619)]


@pytest.mark.parametrize("response", THROTTLED)
@pytest.mark.parametrize("write", [False, True])
def test_throttling_is_waited_out_without_using_up_the_tries(response: HttpResponse, write: bool) -> None:
    client, transport, clock = client_of([*[response] * 6, success()], retries=0)
    began = clock.now()
    client.call("X", write=write)
    assert len(transport.requests) == 7
    assert 5 < clock.now() - began < 60


@pytest.mark.parametrize("response", THROTTLED)
def test_throttling_that_lasts_says_how_long_and_how_often(response: HttpResponse) -> None:
    client, transport, clock = client_of(lambda _fields: response, throttle_timeout=100.0)
    began = clock.now()
    with pytest.raises(CompShareError) as caught:
        client.call("DescribeX")
    seconds = clock.now() - began
    assert 60 < seconds <= 100
    assert (
        f"It was refused {len(transport.requests)} times within {seconds:.0f} s (api_throttle_timeout is 100 s)."
        in str(caught.value)
    )
    assert caught.value.retryable
    assert "raise api_throttle_timeout" in str(caught.value)


@pytest.mark.parametrize(("code", "slower"), [(8441, False), (153, True)])
def test_a_busy_resource_slows_down_no_other_request(code: int, slower: bool, tmp_path: Path) -> None:
    path = str(tmp_path / "limit.json")
    client, transport, clock = client_of([*[refusal(code)] * 6, success()])
    client._limiter = Limiter(clock, path)
    client.call("StartX", write=True)
    transport.assert_all_used()
    # A resource is polled less and less often; the limit of the key alone paces the other.
    assert (max(clock.slept) > 3) is not slower
    other, slept = Limiter(clock, path), len(clock.slept)
    for _number in range(3):
        assert other.wait(None) is not None
    assert (len(clock.slept) > slept) is slower


def test_throttling_ends_with_the_callers_deadline() -> None:
    client, _transport, clock = client_of(lambda _fields: refusal(153))
    began = clock.now()
    with pytest.raises(RefusedError, match="times within"):
        client.call("DescribeX", deadline=began + 5)
    assert clock.now() <= began + 5


def test_a_requested_pause_that_is_too_long_is_reported() -> None:
    client, transport, clock = client_of([reply({}, status=429, retry_after=30.0)], throttle_timeout=10.0)
    with pytest.raises(CompShareError, match=r"requests a pause of 30 s \(api_throttle_timeout is 10 s\)"):
        client.call("DescribeX")
    assert sum(clock.slept) < 1
    transport.assert_all_used()


def test_without_patience_the_first_refusal_is_the_last() -> None:
    client, transport, clock = client_of([refusal(153)], throttle_timeout=0.0)
    with pytest.raises(RefusedError) as caught:
        client.call("DescribeX")
    assert "times" not in str(caught.value)
    assert clock.slept == []
    transport.assert_all_used()


def test_a_transient_error_after_throttling_still_has_its_tries() -> None:
    client, transport, _clock = client_of([refusal(153), refusal(110), refusal(153), refusal(110)], retries=1)
    with pytest.raises(RefusedError, match="It was tried 2 times") as caught:
        client.call("DescribeX")
    assert caught.value.ret_code == 110
    transport.assert_all_used()


def test_what_the_limit_takes_is_not_part_of_the_time_for_tries() -> None:
    client, _transport, clock = client_of([refusal(110)] * 2 + [success()], timeout=1.0)
    client._limiter = Limiter(clock, rate=0.01)
    began = clock.now()
    client.call("DescribeX")
    assert clock.now() - began > 190


def test_a_request_whose_turn_comes_too_late_is_not_sent() -> None:
    client, transport, clock = client_of([success()])
    client._limiter = Limiter(clock, rate=0.01)
    client.call("DescribeX")
    with pytest.raises(NoResponseError, match="CreateX was not sent: the API limits requests") as caught:
        client.call("CreateX", write=True, deadline=clock.now() + 10)
    assert not caught.value.outcome_unknown
    assert caught.value.retryable
    assert len(transport.requests) == 1


@pytest.mark.parametrize("response", [success(), refusal(230), reply(b"<html>")])
def test_every_write_is_reported_whatever_came_of_it(response: HttpResponse) -> None:
    reported: list[int] = []
    client, transport, _clock = client_of(
        [success(), response], after_write=lambda: reported.append(len(transport.requests))
    )
    client.call("DescribeX")
    with suppress(CompShareError):
        client.call("CreateX", write=True)
    assert reported == [2]


def test_a_fault_that_lasts_is_not_tried_again() -> None:
    client, transport, _clock = client_of([TransportError("the certificate is not valid", reached=False, lasting=True)])
    with pytest.raises(NoResponseError, match="certificate"):
        client.call("DescribeX")
    assert len(transport.requests) == 1


def test_retry_after_is_honoured() -> None:
    client, _transport, clock = client_of([reply({}, status=429, retry_after=7.0), success()])
    client.call("DescribeX")
    assert 7 <= sum(clock.slept) < 9


def test_all_tries_end_within_the_budget() -> None:
    client, transport, clock = client_of(
        lambda _fields: reply({}, status=503, retry_after=50.0), timeout=30.0, retries=99
    )
    started = clock.time
    with pytest.raises(NoResponseError, match="HTTP status 503"):
        client.call("DescribeX")
    assert clock.time - started <= 90
    assert len(transport.requests) == 2


def test_a_deadline_bounds_tries_and_time_outs() -> None:
    client, transport, clock = client_of(lambda _fields: refusal(153), retries=99)
    with pytest.raises(RefusedError):
        client.call("DescribeX", deadline=clock.time + 5)
    assert sum(clock.slept) < 5
    assert max(transport.timeouts) <= 5


def test_a_wrong_signature_names_key_and_host_but_no_secret() -> None:
    client, _transport, _clock = client_of([refusal(171, "Signature VerifyAC Error")])
    with pytest.raises(RefusedError) as caught:
        client.call("DescribeCompShareImages")
    message = str(caught.value)
    assert message.startswith("DescribeCompShareImages was refused: the signature is wrong (RetCode 171, ")
    for part in ("Signature VerifyAC Error", "request request-1", "…0001", "https://api.compshare.cn", "another site"):
        assert part in message
    assert "private-key-0001" not in message
    assert caught.value.as_result()["request_id"] == "request-1"


def test_a_missing_permission_names_the_action() -> None:
    client, _transport, _clock = client_of([refusal(299)])
    with pytest.raises(RefusedError, match="not permitted to call TerminateX"):
        client.call("TerminateX")


def test_an_unknown_code_is_reported_with_its_message() -> None:
    client, _transport, _clock = client_of([refusal(987654, "odd \x1b[31mthing")])
    with pytest.raises(RefusedError) as caught:
        client.call("DescribeX")
    assert caught.value.ret_code == 987654
    assert "\x1b" not in str(caught.value)


def test_a_redirect_is_an_error_that_names_the_target() -> None:
    client, transport, _clock = client_of([reply("", status=307, location="http://elsewhere.invalid/")])
    with pytest.raises(NoResponseError, match=r"redirects DescribeX to http://elsewhere\.invalid/"):
        client.call("DescribeX")
    assert len(transport.requests) == 1


def test_numbers_as_text_are_a_good_ret_code() -> None:
    client, _transport, _clock = client_of([reply({"RetCode": "0"}), reply({"RetCode": "230"})])
    client.call("DescribeX")
    with pytest.raises(RefusedError):
        client.call("DescribeX")


def test_half_of_a_character_pair_is_replaced() -> None:
    client, _transport, _clock = client_of(
        [reply(rb'{"RetCode":0,"Rows":[{"Name":"a\ud83d","\ud83d\ude00":"\ud83d\ude00"}]}')]
    )
    assert client.call("DescribeX")["Rows"] == [{"Name": "a?", "😀": "😀"}]


def test_text_that_is_not_unicode_is_refused_before_it_is_sent() -> None:
    client, transport, _clock = client_of([])
    with pytest.raises(OptionError, match="not valid Unicode"):
        client.call("DescribeX", {"Name": "\udc80"})
    deep: dict[str, Any] = {}
    for _level in range(100_000):
        deep = {"x": deep}
    with pytest.raises(OptionError, match="nested too deeply"):
        client.call("DescribeX", deep)
    assert not transport.requests


def serve(lists: Mapping[str, list[dict[str, Any]]]) -> Any:
    def respond(fields: Mapping[str, str]) -> HttpResponse:
        start, size = int(fields["Offset"]), int(fields["Limit"])
        everything = lists[fields["ImageType"]]
        return success(ImageSet=everything[start : start + size], TotalCount=len(everything))

    return respond


def image_rows(kind: str, count: int) -> list[dict[str, Any]]:
    return [{"CompShareImageId": f"{kind}-{index}"} for index in range(count)]


def test_several_lists_are_read_whole_and_in_their_order() -> None:
    lists = {"App": image_rows("app", 730), "System": image_rows("system", 0), "Game": image_rows("game", 100)}
    client, transport, _clock = client_of(serve(lists))
    found = client.read_all([Listing("DescribeCompShareImages", {"ImageType": kind}) for kind in lists])
    assert found == list(lists.values())
    assert {fields["Limit"] for fields in transport.requests} == {"100"}
    assert len(transport.requests) == 8 + 1 + 2


def test_a_page_that_cannot_be_had_fails_the_whole_list() -> None:
    good = serve({"App": image_rows("app", 1000)})
    client, _transport, _clock = client_of(
        lambda fields: refusal(230, "no") if fields["Offset"] == "700" else good(fields)
    )
    with pytest.raises(RefusedError):
        client.read_all([Listing("DescribeCompShareImages", {"ImageType": "App"})])


def test_null_in_the_place_of_the_rows_is_read_again() -> None:
    good, lies = serve({"App": image_rows("app", 250)}), iter([True])

    def respond(fields: Mapping[str, str]) -> HttpResponse:
        return success(ImageSet="oops") if fields["Offset"] == "200" and next(lies, False) else good(fields)

    client, _transport, _clock = client_of(respond)
    assert len(client.read_all([Listing("X", {"ImageType": "App"})])[0]) == 250


def test_a_list_that_repeats_itself_is_an_error() -> None:
    client, _transport, _clock = client_of(lambda _fields: success(ImageSet=image_rows("app", 100)))
    with pytest.raises(ListError, match="none of it is returned"):
        client.read_all([Listing("X", {"ImageType": "App"})])


def test_no_listing_needs_no_request() -> None:
    client, transport, _clock = client_of([])
    assert client.read_all([]) == []
    assert not transport.requests


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"api_timeout": 0}, "api_timeout"),
        ({"api_retries": -1}, "api_retries"),
        ({"api_url": "http://api.compshare.cn"}, "plain HTTP"),
        ({"public_key": None}, "public_key is not"),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Client.from_options({**OPTIONS, **wrong})


def test_options_omitted_have_their_defaults() -> None:
    client = Client.from_options({**OPTIONS, "region": "cn-wlcb", "zone": ""})
    assert client.endpoint == "https://api.compshare.cn"
    assert client.scope == Scope("cn-wlcb", None, None)


def nested(levels: int, opening: str, closing: str) -> bytes:
    """The text of a response whose field Deep has so many levels, one less than the whole."""
    return f'{{"RetCode": 0, "Deep": {opening * levels}1{closing * levels}}}'.encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}"), ('[{"Password": ', "}]")])
@pytest.mark.parametrize("levels", [70, 450, 900, 990, 5000, 100_000])
def test_json_that_is_nested_too_deep_is_a_clean_error(opening: str, closing: str, levels: int) -> None:
    client, _transport, _clock = client_of(lambda _fields: reply(nested(levels, opening, closing)), retries=0)
    with pytest.raises(ResponseError, match=r"nested more than 64 levels deep|not JSON"):
        client.call("DescribeX")


def test_json_of_64_levels_and_of_many_short_ones_is_read() -> None:
    client, _transport, _clock = client_of([reply(nested(63, "[", "]")), success(Rows=[[{}]] * 1000)])
    assert client.call("DescribeX")["Deep"]
    assert len(client.call("DescribeX")["Rows"]) == 1000


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.just("RetCode"), inner),
    max_leaves=12,
)


@given(ANY_JSON | st.binary(max_size=50))
def test_whatever_comes_back_is_a_response_or_a_clear_error(body: Any) -> None:
    client, _transport, _clock = client_of(lambda _fields: reply(body), retries=0)
    try:
        response = client.call("DescribeX")
    except (ResponseError, RefusedError):
        return
    assert float(response["RetCode"]) == 0
