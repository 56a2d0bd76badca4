from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import Histogram
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)

from sidecar.metrics import (
    DIRECTIONS,
    DISPOSITIONS,
    MAX_WORDS,
    METHODS,
    PREFIX,
    TABLE,
    Metrics,
)
from sidecar.records.record import Direction, Disposition

ROOT = Path(__file__).parent.parent


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(PREFIX + name, labels)


@pytest.mark.parametrize(
    ("count", "name", "labels"),
    [
        (lambda m: m.call_interrupted("inbound"), "calls_total", "inbound interrupted"),
        (lambda m: m.notice("callee", "played"), "notices_total", "callee played"),
        (lambda m: m.message("denied"), "messages_total", "denied"),
        (lambda m: m.sip_request("BYE", "pbx"), "sip_requests_total", "BYE pbx"),
        (lambda m: m.sip_response(503, "trunk"), "sip_responses_total", "503 trunk"),
        (lambda m: m.sip_retransmission(), "sip_retransmissions_total", ""),
        (lambda m: m.sip_rejected("unknown_host"), "sip_rejected_total", "unknown_host"),
        (lambda m: m.fail_closed("no_prompt"), "fail_closed_total", "no_prompt"),
        (lambda m: m.rtp_packets("to_pbx", 1), "rtp_packets_total", "to_pbx"),
        (lambda m: m.rtp_dropped("stranger", 1), "rtp_dropped_total", "stranger"),
        (lambda m: m.records_written(1), "records_written_total", ""),
        (lambda m: m.records_lost(1), "records_lost_total", ""),
    ],
)
def test_each_word_of_the_field_counts_in_its_own_metric(
    metrics: Metrics, count: Callable[[Metrics], None], name: str, labels: str
) -> None:
    (metric,) = (metric for metric in TABLE if metric.name == name)
    named = dict(zip((label for label, _values in metric.labels), labels.split(), strict=True))

    count(metrics)
    count(metrics)

    assert value(metrics, name, **named) == 2


def test_a_call_is_active_until_it_has_ended(metrics: Metrics) -> None:
    metrics.call_began()
    metrics.call_began()
    metrics.call_ended(Direction.INBOUND, Disposition.ANSWERED)

    assert value(metrics, "calls_active") == 1
    assert value(metrics, "calls_total", direction="inbound", disposition="answered") == 1


def test_a_set_up_is_measured_in_seconds(metrics: Metrics) -> None:
    metrics.call_set_up(0.004)

    assert value(metrics, "setup_seconds_sum") == 0.004
    assert value(metrics, "setup_seconds_bucket", le="0.002") == 0
    assert value(metrics, "setup_seconds_bucket", le="0.005") == 1


def test_what_waits_is_asked_at_each_scrape(metrics: Metrics) -> None:
    waiting = [3, 1]
    metrics.watch_records_pending(waiting.pop)

    assert value(metrics, "records_pending") == 1
    assert value(metrics, "records_pending") == 3


def test_the_words_for_how_a_call_ended_are_those_of_its_record() -> None:
    assert tuple(Disposition) == DISPOSITIONS
    assert tuple(Direction) == DIRECTIONS


def test_a_method_that_a_peer_made_up_makes_no_label(metrics: Metrics) -> None:
    for number in range(1000):
        metrics.sip_request(f"METHOD{number}", "trunk")

    assert value(metrics, "sip_requests_total", method="other", side="trunk") == 1000
    assert b"METHOD" not in metrics.render()[0]


def test_a_code_that_a_peer_made_up_makes_no_label(metrics: Metrics) -> None:
    for code in range(100, 700):
        metrics.sip_response(code, "pbx")

    assert value(metrics, "sip_responses_total", code="699", side="pbx") is None
    assert value(metrics, "sip_responses_total", code="other", side="pbx") == 600 - len(
        re.findall(r'sip_responses_total{code="\d', metrics.render()[0].decode())
    )


def test_reasons_are_bounded_even_if_a_peers_words_got_in(metrics: Metrics) -> None:
    for number in range(10 * MAX_WORDS):
        metrics.sip_rejected(f"reason {number}")

    series = re.findall(rb"sip_rejected_total{", metrics.render()[0])
    assert len(series) <= MAX_WORDS + 1
    assert value(metrics, "sip_rejected_total", reason="other") == 9 * MAX_WORDS


def test_series_with_few_labels_exist_before_they_count(metrics: Metrics) -> None:
    text = metrics.render()[0].decode()

    for direction in DIRECTIONS:
        for disposition in DISPOSITIONS:
            labels = f'direction="{direction}",disposition="{disposition}"'
            assert f"consent_sidecar_calls_total{{{labels}}} 0.0" in text
    assert f'method="{METHODS[0]}"' not in text


def test_every_metric_is_shown_with_its_meaning_and_no_time_of_creation(metrics: Metrics) -> None:
    metrics.call_set_up(0.1)
    text, content_type = metrics.render("application/openmetrics-text; version=1.0.0")

    families = {family.name: family for family in parse_openmetrics(text.decode())}
    for metric in TABLE:
        family = families[metric.full_name.removesuffix("_total")]
        assert family.documentation == metric.meaning
        assert family.type == ("histogram" if metric.kind is Histogram else family.type)
    assert "_created" not in text.decode()
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")


def test_the_build_names_its_versions(metrics: Metrics) -> None:
    assert re.search(
        rb'consent_sidecar_build_info\{python="3\.\d+\.\d+\S*",version="\d+\.\d+\.\S+"\} 1.0',
        metrics.render()[0],
    )


def test_two_sidecars_in_one_process_do_not_share_counts() -> None:
    one, other = Metrics(), Metrics()

    one.sip_retransmission()

    assert value(other, "sip_retransmissions_total") == 0


def test_every_metric_of_the_alerts_exists() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    named = set(re.findall(r"consent_sidecar_\w+", page))

    assert {name.removesuffix("_bucket") for name in named} <= {
        metric.full_name for metric in TABLE
    }
