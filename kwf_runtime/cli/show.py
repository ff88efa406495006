"""`kwf show`: where a thread waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwf_runtime.cli.options import json_option, open_client, props_option, text_of
from kwf_runtime.cli.threads import thread_fields, time_text

if TYPE_CHECKING:
    from kwf_runtime.cli.thread_view import FrameView, TaskView, ThreadView
    from kwf_runtime.runners.envelope import ThreadRecord
    from kwf_runtime.runners.records import Record


@click.command("show")
@click.argument("thread")
@json_option(
    "One JSON object: the thread's fields, tasks, refs, channels, timers, scheduled, activities, "
    "kept."
)
@props_option
def command(thread: str, as_json: bool, props: Path | None) -> None:
    """Show where THREAD waits: file and line of each task, its variables, refs, channels, timers.

    No code of the workflow is loaded: what a thread does is read from its saved state.
    """
    from kwf_runtime.cli.thread_view import view_thread

    with open_client(props) as (_, client):
        record = client.thread(thread)
        layouts = client.layouts() if record is not None else {}
        scheduled = client.timers(thread) if record is not None else []
    if record is None:
        raise click.ClickException(
            f"there is no thread {thread}: it has not started yet, or has ended (see kwf threads, "
            "kwf tail workflow-result)"
        )
    view = view_thread(record, layouts, scheduled)
    if as_json:
        fields = thread_fields(record) | asdict(view)
        fields["kept"] = [_record_fields(kept) for kept in record.kept]
        click.echo(json.dumps(fields))
        return
    for line in _lines(record, view):
        click.echo(line)


def _lines(record: ThreadRecord, view: ThreadView) -> Iterator[str]:
    yield f"thread {record.thread_id}, workflow {record.workflow or '-'}, {record.status}"
    if record.reason:
        yield f"reason: {record.reason}"
    for kept in record.kept:
        value = "(null)" if kept.value is None else text_of(kept.value)
        yield f"kept: {kept.topic}:{kept.partition}:{kept.offset} {value}"
    if view.unreadable:
        yield f"its state cannot be read: {view.unreadable}"
    for task in view.tasks:
        yield from _task_lines(task)
    for ref in view.refs:
        yield f"ref {ref['id']}" + ("" if ref["awaited"] else " (not awaited)")
    for channel in view.channels:
        yield f"channel {channel['name']}, {channel['queued']} queued"
    for timer in view.timers:
        yield f"timer {time_text(timer['due'])} {timer['callback']}"
    for event in view.scheduled:
        yield f"timer {time_text(event['due'])} sends {event['value']}"
    for activity in view.activities:
        yield f"activity {activity['name']}, call {activity['call']}"


def _task_lines(task: TaskView) -> Iterator[str]:
    yield f"task {task.name} waits for {task.waits}"
    for frame in task.frames:
        yield f"  {_place(frame)} in {frame.function}"
        if not frame.own:
            yield f"    {frame.source}"
            for name, value in frame.locals.items():
                yield f"      {name} = {value}"


def _place(frame: FrameView) -> str:
    """Return file:line; the file as one would name it from here."""
    if frame.file is None:
        return "(unknown file)"
    file = Path(frame.file)
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return f"{file}:{frame.line or '?'}"


def _record_fields(record: Record) -> dict[str, Any]:
    value = None if record.value is None else record.value.decode(errors="surrogateescape")
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "value": value,
    }
