"""A file that changed is read once it keeps still."""

from __future__ import annotations

import os
import threading

import pytest

from sidecar.rules.live import LiveRules
from sidecar.rules.watching import Watch
from sidecar.settings import load_settings
from tests.rules.conftest import Site

LISTED, OTHER = "+442079460101", "+442079460102"


class Counting(LiveRules):
    """How often the files were read."""

    reloads = lists = 0

    def reload(self) -> list:  # type: ignore[type-arg]
        self.reloads += 1
        return super().reload()

    def reload_lists(self) -> list:  # type: ignore[type-arg]
        self.lists += 1
        return super().reload_lists()


@pytest.fixture
def watch(site: Site) -> Watch:
    site.live = Counting.load(load_settings(site.settings))
    return Watch(site.live)


def times(site: Site) -> tuple[int, int]:
    assert isinstance(site.live, Counting)
    return site.live.reloads, site.live.lists


def test_nothing_is_read_where_nothing_changed(site: Site, watch: Watch) -> None:
    for _ in range(4):
        watch.look()

    assert times(site) == (0, 0)


def test_a_changed_list_is_read_when_it_was_the_same_twice(site: Site, watch: Watch) -> None:
    watch.look()
    site.list.write_text("020 7946 0102\n")

    watch.look()
    assert times(site) == (0, 0)
    watch.look()
    watch.look()

    assert times(site) == (0, 1)
    assert site.rule_for(OTHER) == "never"


def test_a_file_that_is_still_being_written_is_waited_for(site: Site, watch: Watch) -> None:
    for count in range(1, 5):
        site.list.write_text("020 7946 0102\n" * count)
        watch.look()

    assert times(site) == (0, 0)


def test_changed_rules_are_read_as_a_whole(site: Site, watch: Watch) -> None:
    site.change('"500*"', '["500*", "7*"]')
    site.list.write_text("020 7946 0102\n")

    watch.look()
    watch.look()

    assert times(site) == (1, 0)
    assert [site.rule_for(OTHER), site.rule_for(LISTED, "7")] == ["never", "support"]


def test_what_was_refused_is_not_tried_again_before_it_changes(site: Site, watch: Watch) -> None:
    site.change("notice", "notise")
    for _ in range(5):
        watch.look()
    assert times(site) == (1, 0)

    site.change("notise", "notice")
    watch.look()
    watch.look()

    assert times(site) == (2, 0)


def test_a_list_that_is_gone_leaves_the_old_one_in_force(site: Site, watch: Watch) -> None:
    site.list.unlink()
    for _ in range(4):
        watch.look()

    assert times(site) == (0, 1)
    assert site.rule_for(LISTED) == "never"


def test_a_file_put_in_its_place_is_noticed_whatever_its_time(site: Site, watch: Watch) -> None:
    old = site.list.stat()
    new = site.list.with_suffix(".new")
    new.write_text("020 7946 0102\n")
    os.utime(new, ns=(old.st_atime_ns, old.st_mtime_ns))
    new.replace(site.list)

    watch.look()
    watch.look()

    assert site.rule_for(OTHER) == "never"


def test_rules_are_watched_only_where_the_settings_say_so(site: Site) -> None:
    site.settings.write_text(site.settings.read_text().replace("watch = true", "watch = false"))
    site.live = Counting.load(load_settings(site.settings))
    watch = Watch(site.live)
    site.change('"500*"', '["500*", "7*"]')

    for _ in range(3):
        watch.look()

    assert times(site) == (0, 0)


def test_what_was_read_by_hand_is_not_read_again(site: Site, watch: Watch) -> None:
    site.change('"500*"', '["500*", "7*"]')
    site.live.reload()

    for _ in range(3):
        watch.look()

    assert times(site) == (1, 0)


def test_the_thread_looks_until_it_is_stopped(site: Site) -> None:
    read = threading.Event()

    class Noticing(Counting):
        def reload_lists(self) -> list:  # type: ignore[type-arg]
            read.set()
            return super().reload_lists()

    site.live = Noticing.load(load_settings(site.settings))
    watch = Watch(site.live, every=0.01)
    watch.start()

    site.list.write_text("020 7946 0102\n")

    assert read.wait(20)
    watch.stop()
    assert site.rule_for(OTHER) == "never"
