"""The reader notices what does not hold: otherwise the tests of the pages would say nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Block
from tests.docs.reader import PageError, Reader, as_seen, commands_of, looks_like


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with Reader(tmp_path / "work", {"PATH": os.environ["PATH"]}) as one:
        yield one


def console(text: str) -> Block:
    return Block("console", text, 1)


def test_commands_and_their_output_are_distinguished() -> None:
    first, second = commands_of(console("$ one \\\n    --more\n$ two\nshown\n  below\n"))
    assert (first.text, first.shown) == ("one \\\n    --more", "")
    assert (second.text, second.shown) == ("two", "shown\n  below\n")


def test_here_document_is_a_part_of_its_command(reader: Reader) -> None:
    reader.follow([console('$ cat > a.json <<\'EOF\'\n{"b": 1}\nEOF\n$ cat a.json\n{"b": 1}\n')])


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nb", True),
        ("a  \nb\n", "a\nb   \n", True),
        ("a\n", "a\nb\n", False),
        ("b\n", "a\nb\n", False),
        ("…\nb\n", "a\na\nb\n", True),
        ("a\n…\n", "a\n", True),
        ("…\nc\n…\n", "a\nb\nd\n", False),
        ("took … s\n", "took 1.5 s\n", True),
        ("took … s\n", "took 1.5 s\nmore\n", False),
        ("a.b\n", "axb\n", False),
    ],
)
def test_shown_and_printed(shown: str, printed: str, same: bool) -> None:
    assert looks_like(shown, printed) is same


def test_state_stays_between_commands(reader: Reader) -> None:
    reader.follow([console("$ export WORD='two words'\n$ mkdir -p sub && cd sub\n"), console("$ echo $WORD > there\n")])
    assert (reader.folder / "sub/there").read_text() == "two words\n"


def test_every_section_begins_in_the_folder_of_the_page(reader: Reader) -> None:
    reader.run("mkdir page && cd page")
    here = "$ mkdir sub && cd sub\n"
    blocks = [Block("console", here, 1, section="One"), Block("console", "$ touch one\n", 2, section="One")]
    reader.follow([*blocks, Block("console", "$ touch two\n", 3, section="Two")])
    assert (reader.folder / "page/sub/one").exists()
    assert (reader.folder / "page/two").exists()


def test_named_block_is_saved_where_the_reader_is(reader: Reader) -> None:
    reader.follow([console("$ mkdir sub && cd sub\n"), Block("yaml", "# deep/a.yml\n---\nb: 1\n", 3)])
    assert (reader.folder / "sub/deep/a.yml").read_text() == "# deep/a.yml\n---\nb: 1\n"


@pytest.mark.parametrize(
    "block",
    [
        console("$ false\n"),
        console("$ echo one\ntwo\n"),
        console("$ echo failed=1\nfailed=1\n"),
        console("no command\n"),
        Block("yaml", "a: 1\n", 1),
        Block("cobol", "STOP RUN.\n", 1),
    ],
    ids=["fails", "other output", "does not fail", "no command", "neither file nor tasks", "unknown language"],
)
def test_what_does_not_hold_is_noticed(reader: Reader, block: Block) -> None:
    with pytest.raises(PageError):
        reader.follow([block])


def test_failure_that_is_shown_holds(reader: Reader) -> None:
    reader.follow([console("$ echo 'fatal: no' && false\nfatal: …\n")])


def test_command_that_does_not_end_is_ended(reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.docs.reader.COMMAND_TIMEOUT", 0.5)
    with pytest.raises(PageError, match="had not ended"):
        reader.run(f"echo $$ > {tmp_path}/pid; sleep 60")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_marks_of_ansible_runner_are_not_seen() -> None:
    marked = "\x1b[KeyJ1dWlkIjogIjAyIn0=\x1b[20D\x1b[Ke30=\x1b[4D\x1b[Kok: [localhost]\n\x1b[Ke30=\x1b[4D\x1b[K\nend\n"
    assert as_seen(marked) == "ok: [localhost]\n\nend\n"
