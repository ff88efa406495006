"""README.md and docs/: every block is run as it is written, reference pages are current, links lead on.

What a block's language means: `console`: the lines that begin with `$` are typed into a shell, the others
are what they print (see samples/conftest.py). `sh`: a script. `python`: a program; one whose first line is
a comment with a file's name is written to that file, as `properties` are. `python refused`: the compiler has
the finding of the heading above. `text`: not for running.
The blocks of one page share a folder, and are taken in their order.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kwf_compiler import CompileError, compile_source
from kwf_runtime.cli.reference import cli_page, config_page
from samples.conftest import Command, Console, check_output
from tests.meta.sources import ROOT, relative

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
ALL_PAGES = (
    *PAGES,
    ROOT / "tests/README.md",
    ROOT / "CHANGES.md",
    *ROOT.glob("samples/*/README.md"),
)
LANGUAGES = {"console", "sh", "python", "python refused", "properties", "text"}
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
FILE_NAME = re.compile(r"# (\S+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The file that the block is the content of."""
        found = FILE_NAME.match(self.text)
        return found[1] if found and self.language in ("python", "properties") else None


def blocks_of(page: Path) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_block_says_what_it_is(page: Path) -> None:
    for block in blocks_of(page):
        assert block.language in LANGUAGES, block.text


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=relative)
def test_every_block_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    blocks = blocks_of(page)
    for block in blocks:
        if block.file_name:
            (folder / block.file_name).write_text(block.text)
    console = Console(folder, "sqlite", {})
    try:
        for number, block in enumerate(blocks):
            run_block(console, block, number)
    except BaseException as error:
        error.add_note(console.logs())
        raise
    finally:
        console.close()


def run_block(console: Console, block: Block, number: int) -> None:
    if block.language == "console":
        for command in commands_of(block):
            if command.text.endswith("&"):
                console.start(command.text.removesuffix("&").strip())
            else:
                check_output(command, console.run(command.text))
    elif block.language == "sh" and not is_of_this_repository(block):
        console.run(f"set -e\n{block.text}")
    elif block.language == "python" and not block.file_name:
        (console.folder / f"block_{number}.py").write_text(block.text)
        console.run(f"python block_{number}.py")


def commands_of(block: Block) -> list[Command]:
    commands: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append(Command(line[2:]))
        else:
            commands[-1].expected.append(line)
    return commands


def is_of_this_repository(block: Block) -> bool:
    """Tell whether the block is a command of `dev`: the tests would run themselves."""
    return bool(re.fullmatch(r"\./dev (run|test|docs)\n", block.text))


def test_the_readme_has_the_two_commands() -> None:
    readme = [block.text for block in blocks_of(ROOT / "README.md") if block.language == "sh"]
    assert readme == ["./dev run\n", "./dev test\n"]
    assert "./dev test" in (ROOT / ".ci/run").read_text()


@pytest.mark.slow
@pytest.mark.skipif(
    Path(sys.prefix) != ROOT / ".venv", reason="dev runs in .venv; this is another environment"
)
def test_dev_run_books_a_trip(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    output = Console(tmp_path / "here", "sqlite", {}).run(f"{ROOT}/dev run 2>/dev/null")
    assert re.search(r'^0:0\ttrip-1\t\{"car":.*\}$', output, re.MULTILINE), output


REFUSED = re.findall(
    r"^## (KWF\d{3}) (.*)\n(?:(?!##).*\n)*?```python refused\n((?:.*\n)*?)```$",
    (ROOT / "docs/diagnostics.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("code", "title", "source"), REFUSED, ids=[found[0] for found in REFUSED])
def test_the_compiler_refuses_the_examples(code: str, title: str, source: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile_source(source, "w.py")
    findings = caught.value.diagnostics
    assert {finding.code for finding in findings} == {code}
    if code != "KWF101":  # Python's own message
        assert set(title.split()) <= set(findings[0].message.split())


def test_every_finding_has_an_example() -> None:
    codes = re.findall(r"^## (KWF\d{3})", (ROOT / "docs/diagnostics.md").read_text(), re.MULTILINE)
    assert [found[0] for found in REFUSED] == codes


@pytest.mark.parametrize(("name", "page"), [("cli.md", cli_page()), ("config.md", config_page())])
def test_reference_pages_are_current(name: str, page: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page, "run ./dev docs"


@pytest.mark.parametrize("page", ALL_PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
